// The few things a person may want otherwise than the defaults, as they stand in the fields, and the
// request that they make.
import type { DeployRequest, LibraryModel } from '../../api/client';
import type { Translate } from '../../i18n/translate';
import { splitWords, type Unfinished } from '../../lib/shell_words';

export interface Options {
  name: string; // '': the model's
  replicas: number;
  worker: string; // '': chosen; else the id of one
  goal: string; // '': any; of a profile that is chosen
  profile: string; // '': the chosen one
  engine: string; // '': the profile's; else "vllm@0.13.0"
  arguments: string; // of `engine`, as for a shell
  environment: string; // of `engine`: lines of NAME=value
}

export const defaultOptions: Options = {
  name: '',
  replicas: 1,
  worker: '',
  goal: '',
  profile: '',
  engine: '',
  arguments: '',
  environment: '',
};

// What an address asks the library to open: /library?name=MODEL&engine=vllm@0.13.0&arguments=...
export function wishOf(search: string): { model: string | null; options: Options } {
  const query = new URLSearchParams(search);
  const engine = query.get('engine') ?? '';
  const words = engine === '' ? '' : (query.get('arguments') ?? '');
  return { model: query.get('name'), options: { ...defaultOptions, engine, arguments: words } };
}

// What the model's profiles are for, in their order.
export function goalsOf(model: LibraryModel): string[] {
  return [...new Set(model.profiles.map((profile) => profile.goal))].filter((goal) => goal !== '');
}

// What is wrong with one line of the environment.
export interface BadLine {
  line: number; // from 1
  why: 'notAssignment' | 'badName' | 'twice';
}

export interface Environment {
  variables: Record<string, string>;
  bad: BadLine | null; // the first
}

// One variable a line, its value as it stands. Empty lines are passed over.
export function parseEnvironment(text: string): Environment {
  const variables = new Map<string, string>();
  for (const [index, raw] of text.split('\n').entries()) {
    const line = raw.replace(/\r$/, '');
    if (line.trim() === '') continue;
    const equals = line.indexOf('=');
    const name = line.slice(0, equals).trim();
    const bad = (why: BadLine['why']) => ({ variables: {}, bad: { line: index + 1, why } });
    if (equals < 0) return bad('notAssignment');
    if (!/^[A-Za-z_]\w*$/.test(name)) return bad('badName');
    if (variables.has(name)) return bad('twice');
    variables.set(name, line.slice(equals + 1));
  }
  return { variables: Object.fromEntries(variables), bad: null };
}

export interface ReadOptions {
  request: DeployRequest;
  unfinished: Unfinished | null; // in the arguments
  badLine: BadLine | null; // in the environment
}

export function readOptions(model: string, options: Options): ReadOptions {
  const request: DeployRequest = { model };
  const name = options.name.trim();
  if (name !== '') request.name = name;
  if (options.replicas !== 1) request.replicas = options.replicas;
  if (options.worker !== '') request.worker = options.worker;
  if (options.engine === '') {
    if (options.goal !== '' && options.profile === '') request.goal = options.goal;
    if (options.profile !== '') request.profile = options.profile;
    return { request, unfinished: null, badLine: null };
  }
  const { words, unfinished } = splitWords(options.arguments);
  const { variables, bad } = parseEnvironment(options.environment);
  request.engine = options.engine;
  if (words.length > 0) request.arguments = words;
  if (Object.keys(variables).length > 0) request.environment = variables;
  return { request, unfinished, badLine: bad };
}

export function canBeSent({ unfinished, badLine }: ReadOptions): boolean {
  return unfinished === null && badLine === null;
}

export type Field =
  | 'name'
  | 'replicas'
  | 'worker'
  | 'goal'
  | 'profile'
  | 'engine'
  | 'arguments'
  | 'environment';
export type Problems = Partial<Record<Field, string>>;

const placeFields: readonly Field[] = ['name', 'replicas', 'worker'];
const profileFields: readonly Field[] = [...placeFields, 'goal', 'profile'];
const engineFields: readonly Field[] = [...placeFields, 'engine', 'arguments', 'environment'];

// The field that a refusal is about, by its `param`; null: none of those that are shown. With an
// engine, what is no field of the request is an argument of it: "--max-model-len".
export function fieldOf(param: string | null, options: Options): Field | null {
  if (param === null || param === '') return null;
  const first = param === 'version' ? 'engine' : param.split(/[.[]/)[0];
  const shown = options.engine === '' ? profileFields : engineFields;
  const field = shown.find((each) => each === first);
  return field ?? (options.engine === '' ? null : 'arguments');
}

export interface Refusal {
  text: string;
  param: string | null;
}

export interface Complaints {
  atFields: Problems;
  general: string | null; // about no field
}

// What the text itself shows comes before what the server said of an earlier one.
export function complaintsOf(
  read: ReadOptions,
  refusal: Refusal | null,
  options: Options,
  t: Translate,
): Complaints {
  const atFields: Problems = {};
  const field = refusal === null ? null : fieldOf(refusal.param, options);
  if (refusal !== null && field !== null) atFields[field] = refusal.text;
  if (read.unfinished !== null) atFields.arguments = t(`words.${read.unfinished}`);
  if (read.badLine !== null) {
    const { line, why } = read.badLine;
    atFields.environment = t(`variables.${why}`, { line });
  }
  return { atFields, general: field === null ? (refusal?.text ?? null) : null };
}
