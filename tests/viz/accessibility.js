/* What is wrong with the page as it stands, as a list of sentences; evaluated in the browser by accessibility.py. */
() => {
  const faults = [];
  const ROLES = new Set(("alert alertdialog application article banner button caption cell checkbox code columnheader combobox " +
    "complementary contentinfo definition deletion dialog directory document emphasis feed figure form generic grid gridcell group " +
    "heading img insertion link list listbox listitem log main marquee math menu menubar menuitem menuitemcheckbox menuitemradio " +
    "meter navigation none note option paragraph presentation progressbar radio radiogroup region row rowgroup rowheader scrollbar " +
    "search searchbox separator slider spinbutton status strong subscript superscript switch tab table tablist tabpanel term textbox " +
    "time timer toolbar tooltip tree treegrid treeitem graphics-document graphics-object graphics-symbol").split(" "));
  const REFERENCES = ["aria-labelledby", "aria-describedby", "aria-controls", "aria-owns", "aria-activedescendant", "for"];
  const ATTRIBUTES = new Set(("activedescendant atomic autocomplete busy checked colcount colindex colspan controls current describedby " +
    "description details disabled dropeffect errormessage expanded flowto haspopup hidden invalid keyshortcuts label labelledby level " +
    "live modal multiline multiselectable orientation owns placeholder posinset pressed readonly relevant required roledescription " +
    "rowcount rowindex rowspan selected setsize sort valuemax valuemin valuenow valuetext").split(" ").map((name) => `aria-${name}`));
  const words = (node) => {
    const name = node.id ? `#${node.id}` : node.className?.baseVal ?? node.className ?? "";
    return `<${node.tagName.toLowerCase()} ${name}> ${JSON.stringify((node.textContent || "").trim().slice(0, 30))}`;
  };
  const shown = (node) => node.checkVisibility({ opacityProperty: true, visibilityProperty: true }) && node.getClientRects().length > 0;

  /* The document: language, title, one main part, headings that skip no level. */
  if (!document.documentElement.lang) faults.push("the page names no language");
  if (!document.title.trim()) faults.push("the page has no title");
  if (document.querySelectorAll("main, [role=main]").length !== 1) faults.push("the page has not one main part");
  const levels = [...document.querySelectorAll("h1, h2, h3, h4, h5, h6")].filter(shown).map((h) => Number(h.tagName[1]));
  if (levels.filter((level) => level === 1).length !== 1) faults.push("the page has not one h1");
  levels.forEach((level, i) => { if (i && level > levels[i - 1] + 1) faults.push(`heading ${i} goes from h${levels[i - 1]} to h${level}`); });

  /* Identifiers, roles and references. */
  const seen = new Set();
  for (const node of document.querySelectorAll("[id]")) {
    if (seen.has(node.id)) faults.push(`the id ${node.id} is there twice`);
    seen.add(node.id);
  }
  for (const node of document.querySelectorAll("*")) {
    const role = node.getAttribute("role");
    if (role !== null && !role.split(/\s+/).every((one) => ROLES.has(one))) faults.push(`${words(node)} has the unknown role ${role}`);
    for (const { name, value } of node.attributes) {
      if (name.startsWith("aria-") && !ATTRIBUTES.has(name)) faults.push(`${words(node)} has the unknown attribute ${name}`);
      if (REFERENCES.includes(name)) for (const id of value.split(/\s+/)) if (!seen.has(id)) faults.push(`${words(node)}: ${name} names ${id}, which is not there`);
    }
    if (Number(node.getAttribute("tabindex")) > 0) faults.push(`${words(node)} has a positive tabindex`);
    if (node.tagName === "IMG" && !node.hasAttribute("alt")) faults.push(`${words(node)} has no alt`);
  }

  /* Contrast of all text that shows, as WCAG 2 computes it: 4.5, or 3 for large type. */
  const canvas = document.createElement("canvas");
  canvas.width = canvas.height = 1;
  const pen = canvas.getContext("2d", { willReadFrequently: true });
  const known = new Map();
  function colour(css) {
    if (!known.has(css)) {
      pen.clearRect(0, 0, 1, 1);
      pen.fillStyle = css;
      pen.fillRect(0, 0, 1, 1);
      const [r, g, b, a] = pen.getImageData(0, 0, 1, 1).data;
      known.set(css, [r, g, b, a / 255]);
    }
    return known.get(css);
  }
  const over = ([r, g, b, a], [R, G, B]) => [r * a + R * (1 - a), g * a + G * (1 - a), b * a + B * (1 - a), 1];
  const channel = (c) => (c /= 255) <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4;
  const luminance = ([r, g, b]) => 0.2126 * channel(r) + 0.7152 * channel(g) + 0.0722 * channel(b);
  function contrast(one, other) {
    const [low, high] = [luminance(one), luminance(other)].sort((a, b) => a - b);
    return (high + 0.05) / (low + 0.05);
  }
  function opacity(node) {
    let all = 1;
    for (let at = node; at; at = at.parentElement) all *= Number(getComputedStyle(at).opacity);
    return all;
  }
  function behind(node) {
    const layers = [];
    for (let at = node; at; at = at.parentElement) {
      const paint = colour(getComputedStyle(at).backgroundColor);
      if (paint[3] > 0) layers.push(paint);
      if (paint[3] === 1) break;
    }
    return layers.reduceRight((below, layer) => over(layer, below), [255, 255, 255, 1]);
  }
  /* Behind a text of a drawing lies what was painted before it at its middle. */
  function behindDrawn(text) {
    const svg = text.ownerSVGElement, box = text.getBoundingClientRect();
    const x = box.left + box.width / 2, y = box.top + box.height / 2;
    let found = behind(svg);
    for (const shape of svg.querySelectorAll("polygon, ellipse, circle, rect, path")) {
      if (!(shape.compareDocumentPosition(text) & Node.DOCUMENT_POSITION_FOLLOWING)) break;
      const style = getComputedStyle(shape), place = shape.getBoundingClientRect();
      if (style.fill === "none" || style.fill.startsWith("url") || style.visibility === "hidden") continue;
      if (x < place.left || x > place.right || y < place.top || y > place.bottom || !shape.closest("svg").contains(text)) continue;
      if (shape.closest("defs, clipPath, marker")) continue;
      const point = new DOMPoint(x, y).matrixTransform(shape.getScreenCTM().inverse());
      if (!shape.isPointInFill(point)) continue;
      const paint = [...colour(style.fill)];
      paint[3] *= Number(style.fillOpacity) * opacity(shape);
      found = over(paint, found);
    }
    return found;
  }
  function check(node, text) {
    const drawn = node instanceof SVGElement;
    if (!shown(node) || node.closest("[disabled], [aria-disabled=true], .skip, noscript")) return;
    const style = getComputedStyle(node), ground = drawn ? behindDrawn(node) : behind(node);
    const paint = [...colour(drawn ? style.fill : style.color)];
    paint[3] *= opacity(node);
    const size = parseFloat(style.fontSize), large = size >= 24 || (size >= 18.66 && Number(style.fontWeight) >= 700);
    const ratio = contrast(over(paint, ground), ground);
    if (ratio < (large ? 3 : 4.5)) faults.push(`contrast ${ratio.toFixed(2)} of ${words(node)}: ${style[drawn ? "fill" : "color"]} on rgb(${ground.slice(0, 3).map(Math.round)}), ${text.slice(0, 20)}`);
  }
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const node = walker.currentNode.parentElement, text = walker.currentNode.data.trim();
    if (text && !["SCRIPT", "STYLE", "title", "NOSCRIPT", "OPTION"].includes(node.tagName)) check(node, text);
  }
  return faults;
}
