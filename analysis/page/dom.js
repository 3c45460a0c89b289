"use strict";
// Makes elements and texts, for the scripts that draw a page from the data that the program put into it.

const data = JSON.parse(document.getElementById("data").textContent);

// `attributes` are set as such; children are nodes or strings.
function make(name, attributes = {}, ...children) {
  return fill(document.createElement(name), attributes, children);
}

function makeSvg(name, attributes = {}, ...children) {
  return fill(document.createElementNS("http://www.w3.org/2000/svg", name), attributes, children);
}

function fill(element, attributes, children) {
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
  element.append(...children);
  return element;
}

// A number as a person reads it: at most four digits that count.
function short(value) {
  if (value === null || value === undefined) return "–";
  if (Number.isInteger(value)) return value.toLocaleString("en");
  const size = Math.abs(value);
  if (size < 0.01 || size >= 1e6) return Number(value.toPrecision(3)).toExponential();
  return value.toLocaleString("en", {maximumSignificantDigits: 4});
}

function percent(fraction) {
  return (100 * fraction).toFixed(2) + " %";
}

function duration(seconds) {
  if (seconds < 120) return seconds.toFixed(1) + " s";
  if (seconds < 7200) return (seconds / 60).toFixed(1) + " min";
  return (seconds / 3600).toFixed(1) + " h";
}

// A part of the page, which its top leads to.
function section(id, title, ...children) {
  document.querySelector("main").append(make("section", {id}, make("h2", {}, title), ...children));
  document.querySelector("nav").append(make("a", {href: `#${id}`}, title));
}

const SMALL = 64;  // pixels; such pictures are shown with their pixels as squares

function picture(source, alt) {
  const image = make("img", {src: source, alt});
  image.addEventListener("load", () => image.classList.toggle("small", image.naturalWidth <= SMALL));
  return image;
}
