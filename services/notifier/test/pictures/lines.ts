import type { Run } from "./runs.ts";

/** Of Helvetica and its like, in thousandths of the size; wide enough for fonts in its place. */
function widthOfCharacter(character: string): number {
  if (/\p{Extended_Pictographic}/u.test(character)) return 1_300;
  if (/[ijl|'.,:;!I·]/.test(character)) return 280;
  if (/[ftr()[\]/\- ]/.test(character)) return 330;
  if (/[mMW@%]/.test(character)) return 880;
  return /[A-Zw]/.test(character) ? 700 : 560;
}

/** How wide a text is, roughly. */
function widthOf({ text, isBold }: Run, size: number): number {
  const units = Array.from(text).reduce((sum, character) => sum + widthOfCharacter(character), 0);
  return (units * size * (isBold ? 1.08 : 1)) / 1_000;
}

/** Breaks a text into lines of at most this width, between words. */
export function linesOf(runs: readonly Run[], width: number, size: number): readonly (readonly Run[])[] {
  const lines: Run[][] = [[]];
  let used = 0;
  const breakLine = () => {
    lines.push([]);
    used = 0;
  };
  for (const { text, isBold } of runs) {
    for (const word of text.split(/(?<=\s)/)) {
      if (used > 0 && used + widthOf({ text: word.trimEnd(), isBold }, size) > width) breakLine();
      lines.at(-1)?.push({ text: word.replace("\n", ""), isBold });
      used += widthOf({ text: word, isBold }, size);
      if (word.endsWith("\n")) breakLine();
    }
  }
  return lines.map(joined);
}

/** Neighbours of one style become one run. */
function joined(line: readonly Run[]): Run[] {
  const runs: Run[] = [];
  for (const run of line) {
    const last = runs.at(-1);
    if (last?.isBold === run.isBold) runs[runs.length - 1] = { ...last, text: last.text + run.text };
    else runs.push(run);
  }
  return runs;
}
