// Types of what travels between the kernel and the browser; nothing of it runs.

/** @import { Mark } from "./curves.js" */

/**
 * @typedef {{label: string, min: number, max: number, step: number, integer: boolean, log?: boolean,
 *   recorded: number, idle?: boolean, boolean?: boolean, choices?: string[]}} Input
 * @typedef {{axes: {label: string, from: number, to: number, step: number, log: boolean}[], output: string,
 *   at: [number, number] | null, value: number | null, gradient: [number, number] | null,
 *   second: [number, number, number] | null, heights: number, label: string}} Surface
 * @typedef {{choices: string[], planes: boolean, along: string, output: string, from: number, to: number,
 *   step: number, log: boolean, number: number, at: number | null, value: number | null, slope: number | null,
 *   curvature: number | null, label: string}} Plot
 * @typedef {{number: number, along: string, curve: DataView, marks: Mark[], said: string[], beyond: number | null}} Curve
 * @typedef {Record<string, [counter: number, value: number]>} Moves
 * @typedef {{moves: Record<string, [counter: number, view: string]>,
 *   positions: Record<string, number>, rows: [string, string][],
 *   matrix?: {names: string[], cells: string[][], alone: string}, notes: string[], label: string, output?: {of: string, choices: string[]}, orders?: Orders, partials?: string[], folds?: string[], fold?: string, folded?: Folded,
 *   status: string, error: string, stale: boolean, kept: string, ahead?: boolean, behind?: string[], nodes?: string[],
 *   edges?: string[], words?: string, check?: string, compare?: {former: boolean, caption?: string, head?: string[], rows?: string[][]}, plot?: Plot, surface?: Surface,
 *   trace?: Trace, vector?: Vector[],
 *   listing?: {lines: Listed[], calls?: Calls[], adjoint: string, iterations: number, iteration: number | null,
 *     series: Record<number, [(number | null)[], (number | null)[]]>}}} State
 * @typedef {{name: string, of: string, size: number, along: string,
 *   bars: [label: string, value: number | string, slope: number | string][]}} Vector
 * @typedef {{line?: number, input?: string, path?: (number | string)[], places?: number[]}} Box What it is of, the path if it
 *   unfolds, and the entries of a short tape.
 * @typedef {{of: Box[], edges?: [from: number, to: number][], groups: Record<string, (number | string)[]>, iterations: number, iteration: number | null, said?: string}} Folded
 *   The boxes of the graph, which of them each edge joins, and what is unfolded, by its frame.
 * @typedef {{of: string[], choices: {of: string[], name: string, fixed: boolean}[]}} Orders
 * @typedef {[place: number, slot: number, operand: number, partial: number | string | null,
 *   part: number | string, before: number | string | null, after: number | string]} Step
 * @typedef {Record<number, number | string | null>} Numbers By the places of entries.
 * @typedef {{kind: string, values: Numbers, adjoints: Numbers, tangents?: Numbers, along?: string,
 *   table?: {first: number, last: number, count: number}, choices: string[], steps?: {count: number, first: number, of: Step[]},
 *   lines?: {number: number, text: string, count: number, value: number | string | null,
 *     adjoint: number | string | null}[]}} Trace
 * @typedef {{v: string, name: string, text: string, formula: string, input: boolean,
 *   parents: number[], partials: string[], line: number | null,
 *   spot?: [line: number, start: number, end: number]}} Entry
 * @typedef {{entries: Record<number, Entry>, inputs: Record<string, number[]>, output: number,
 *   whole: boolean}} Program
 * @typedef {{place: number, to: number, edge: string, slot: number, last: number,
 *   flowed: Set<string>, sums: Map<number, number | string | null>}} Now The step that is shown.
 * @typedef {{attach(panel: HTMLElement): void, paint(): void, now: Now | null,
 *   step(now: Now | null): void, follows(follow: () => void): void, goes(go: (test: (step: Step) => boolean) => void): void,
 *   find(places: number[], now?: number): void, stop(): void, walked: number}} Lights `step` says which step is shown, and `follows` who is told of it.
 * @typedef {{label: string, line: number, start: number, end: number}} Handle
 * @typedef {{number: number, value: number | string | null, adjoint: number | string | null,
 *   sizes: [number | null, number | null], count: number, calls?: string[]}} Listed
 * @typedef {{path: (number | string)[], first: number, text: string[], lines: Listed[]}} Calls A function that was called.
 * @typedef {{move(label: string, value: number): void, mine(): Moves, again(): void, stop(): void}} Mover
 *   `mine` is what was moved here and the kernel has not answered; `again` sends that once more.
 * @typedef {{connect(slot: Function): void, disconnect(slot: Function): void}} Signal
 * @typedef {{statusChanged: Signal, connectionStatusChanged: Signal, disposed: Signal}} Kernel
 * @typedef {{get(name: string): any, set(name: string, value: any): void, save_changes(): void,
 *   send(content: any): void, widget_manager?: {kernel?: Kernel},
 *   on(event: string, callback: (message?: any) => void): void, off(event: string, callback: () => void): void}} Model
 * @typedef {Model & {plays(): number, alone(is?: boolean): boolean}} Answering How many programs the page can
 *   play by itself, and whether nobody else does, which it may be told.
 * @typedef {object} Section One part of the panel.
 * @property {HTMLElement} element
 * @property {(state: State) => void} paint Shows a point.
 * @property {() => void} [build] Makes anew what does not change from point to point.
 * @property {string} [trait] What `build` follows.
 * @property {() => void} [stop]
 * @property {HTMLElement} [scrolls] What of it is reached by keys where it is wider than the panel.
 */

export {};
