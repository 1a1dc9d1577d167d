/* The textbook is read, not operated: all it needs stands in the frame. */
