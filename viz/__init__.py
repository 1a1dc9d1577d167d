"""The viewer: draws what the engine recorded."""
