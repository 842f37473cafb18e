// Makes elements, and brings what is on the page up to date. Text is always text, never HTML.

const SVG = "http://www.w3.org/2000/svg";

export function element(tag, attributes = {}, ...children) {
  return filled(document.createElement(tag), attributes, children);
}

export function drawn(tag, attributes = {}, ...children) {
  return filled(document.createElementNS(SVG, tag), attributes, children);
}

function filled(made, attributes, children) {
  for (const [name, value] of Object.entries(attributes)) {
    if (value !== undefined) made.setAttribute(name, value);
  }
  made.append(...children);
  return made;
}

// Changes only what differs, so that focus, selected text and scrolled places stay.
export function update(place, parts) {
  parts.forEach((part, at) => {
    const old = place.childNodes[at];
    if (!old) place.append(part);
    else if (old.isEqualNode(part)) return;
    else if (old.nodeName !== part.nodeName) old.replaceWith(part);
    else if (old instanceof Text) old.data = part.data;
    else {
      for (const { name } of [...old.attributes]) if (!part.hasAttribute(name)) old.removeAttribute(name);
      for (const { name, value } of part.attributes) old.setAttribute(name, value);
      update(old, [...part.childNodes]);
    }
  });
  while (place.childNodes.length > parts.length) place.lastChild.remove();
}

export function clock(seconds) {
  return new Date(seconds * 1000).toISOString().slice(11, 19);
}

export function lasted(seconds) {
  if (seconds < 60) return `${seconds.toFixed(1)} s`;
  const [minutes, hours] = [Math.floor(seconds / 60), Math.floor(seconds / 3600)];
  return hours ? `${hours} h ${minutes % 60} min` : `${minutes} min ${Math.floor(seconds % 60)} s`;
}
