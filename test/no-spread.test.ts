/**
 * No list whose length is not written in the program is spread into a call: `Math.max(...list)` and `list.push(...more)`
 * throw once strangers have made the list long enough. Of the compiler's own view of the program, types included.
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import {
  isCallExpression,
  isIdentifier,
  isNewExpression,
  isParameterDeclaration,
  isPropertyAccessExpression,
  isSpreadElement,
  type Node,
  type SourceFile,
} from 'typescript/unstable/ast';
import { API, type Project, type TupleType, type TypeReference } from 'typescript/unstable/sync';
import { expect, it, onTestFinished } from 'vitest';

const ROOT = join(import.meta.dirname, '..');

/** Files that still do. Only ever made shorter. */
const EXCEPTED: readonly string[] = [];

/** A list of so many entries as its type says. */
function isFixed({ checker }: Project, list: Node): boolean {
  const type = checker.getTypeAtLocation(list);
  if (type === undefined || !checker.isTupleType(type)) return false;
  const { fixedLength, elementFlags } = (type as TypeReference).getTarget() as TupleType;
  return fixedLength === elementFlags.length;
}

/** What the function itself was called with, handed on. */
function isHandedOn(project: Project, list: Node): boolean {
  if (!isIdentifier(list)) return false;
  const declaration = project.checker.getSymbolAtLocation(list)?.valueDeclaration?.resolve(project);
  return declaration !== undefined && isParameterDeclaration(declaration) && declaration.dotDotDotToken !== undefined;
}

/** The list that the node spreads into a call, be it by `...` or by `apply`; null where it does not. */
function spreadBy(node: Node): Node | null {
  if (isSpreadElement(node) && (isCallExpression(node.parent) || isNewExpression(node.parent))) return node.expression;
  if (!isCallExpression(node) || !isPropertyAccessExpression(node.expression)) return null;
  const [, list, of] = node.arguments;
  return node.expression.name.text === 'apply' ? (of ?? list ?? null) : null;
}

function spreadsIn(project: Project, file: SourceFile): string[] {
  const found: string[] = [];
  const visit = (node: Node): undefined => {
    const list = spreadBy(node);
    const call = isSpreadElement(node) ? node.parent : node;
    if (list !== null && !isFixed(project, list) && !isHandedOn(project, list))
      found.push(file.text.slice(call.pos, call.end).trim());
    node.forEachChild(visit);
  };
  file.forEachChild(visit);
  return found;
}

/** By file, each spread of a list of any length in the program below the folder. */
function spreadsBelow(folder: string, config: string): Map<string, string[]> {
  const api = new API({ cwd: folder });
  try {
    const [project] = api.updateSnapshot({ openProjects: [join(folder, config)] }).getProjects();
    if (!project) throw new Error('the compiler opens no project');
    const { program } = project;
    const own = program
      .getSourceFileNames()
      .filter((name) => !relative(folder, name).startsWith('..') && !name.includes('node_modules'));
    return new Map(
      own.map((name) => {
        const file = program.getSourceFile(name);
        return [relative(folder, name), file ? spreadsIn(project, file) : ['cannot be read']];
      }),
    );
  } finally {
    api.close();
  }
}

it('no list of any length is spread into a call anywhere in the plugin', () => {
  const all = spreadsBelow(ROOT, 'tsconfig.json');
  expect(all.size).toBeGreaterThan(150);
  const found = [...all].filter(([name, spreads]) => spreads.length > 0 && !EXCEPTED.includes(name));
  expect(Object.fromEntries(found)).toEqual({});
});

it('a list of any length is found in every kind of call, one of fixed length or handed on is not', () => {
  const folder = mkdtempSync(join(tmpdir(), 'spread-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  writeFileSync(join(folder, 'tsconfig.json'), '{ "compilerOptions": { "strict": true, "types": [] } }');
  const bad = [
    ...['Math.max(...list)', 'list.push(0, ...list.map(Number))', 'String.fromCharCode(...list)'],
    ...['Math.max.apply(null, list)', 'Reflect.apply(Math.max, null, list)', 'list.concat(...new Set(list))'],
    ...['Math.max(...open)', 'list.unshift(...list.keys())'],
  ];
  const good = [
    'Math.max(...pair)',
    'Math.max(...constant)',
    '[...list]',
    'take([...list, ...list])',
    'take({ ...list })',
  ];
  writeFileSync(
    join(folder, 'all.ts'),
    `declare const list: number[], pair: [number, number], open: [number, ...number[]], take: (all: unknown) => void;
     const constant = [1, 2] as const;
     const handsOn = (...all: number[]) => Math.max(...all);
     ${[...bad, ...good].map((call) => `void (${call});`).join('\n')}`,
  );
  expect(spreadsBelow(folder, 'tsconfig.json').get('all.ts')).toEqual(bad);
});
