// Writes src/Microsoft.ML.ArcFace.Primitives/Names/CanonicalForms.txt: Unicode's canonical decompositions and combining classes, by the
// data of this Node.js. Usage: node build/update-canonical-forms.mjs
import { writeFileSync } from 'node:fs';

const hex = point => point.toString(16).toUpperCase().padStart(4, '0');
const points = text => [...text].map(character => character.codePointAt(0));
const isHangul = point => point >= 0xac00 && point < 0xac00 + 11172;
const lines = [`# Unicode ${process.versions.unicode}, by build/update-canonical-forms.mjs; the syllables of Hangul are computed.`,
  '# CODE=DECOMPOSITION, whole; with ! the characters are not composed again.'];
const marks = [];
for (let point = 0x80; point < 0x110000; point++) {
  if ((point >= 0xd800 && point < 0xe000) || isHangul(point)) continue;
  const character = String.fromCodePoint(point), decomposed = character.normalize('NFD');
  if (decomposed !== character) lines.push(`${hex(point)}${character.normalize('NFC') === character ? '=' : '!'}${points(decomposed).map(hex).join(' ')}`);
  // What is no starter changes places with a mark of another class: U+0334 has class 1, the least, U+0345 class 240, the greatest.
  else if ((character + '\u0334').normalize('NFD') !== character + '\u0334' || ('\u0345' + character).normalize('NFD') !== '\u0345' + character) marks.push(character);
  else if (point === 0x334 || point === 0x345) marks.push(character);
}

// A mark of a lower class goes before one of a higher; the classes are numbered in that order, which is all that counts.
const isLess = (a, b) => (b + a).normalize('NFD') === a + b;
const classes = [];
for (const mark of marks) {
  let place = classes.findIndex(members => !isLess(members[0], mark));
  if (place < 0) classes.push([mark]);
  else if (isLess(mark, classes[place][0])) classes.splice(place, 0, [mark]);
  else classes[place].push(mark);
}

lines.push('# CLASS:CODES of combining marks, by rising class.');
classes.forEach((members, index) => {
  const ranges = [];
  for (const point of members.map(member => member.codePointAt(0)).sort((a, b) => a - b)) {
    if (ranges.length && ranges.at(-1)[1] === point - 1) ranges.at(-1)[1] = point;
    else ranges.push([point, point]);
  }
  lines.push(`${index + 1}:${ranges.map(([first, last]) => first === last ? hex(first) : `${hex(first)}-${hex(last)}`).join(' ')}`);
});
writeFileSync(new URL('../src/Microsoft.ML.ArcFace.Primitives/Names/CanonicalForms.txt', import.meta.url), lines.join('\n') + '\n');
