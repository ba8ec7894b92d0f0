// A label, a control, what to know about it, and what is wrong with what it holds.
import type { ReactNode } from 'react';

interface Described {
  id: string;
  'aria-describedby': string | undefined;
  'aria-invalid': boolean;
}

interface FieldProps {
  id: string;
  label: string;
  hint?: string | undefined;
  problem?: string | undefined;
  children: (described: Described) => ReactNode; // puts it on the control
}

export function Field({ id, label, hint, problem, children }: FieldProps) {
  const ids = [problem && `${id}-problem`, hint && `${id}-hint`].filter(Boolean).join(' ');
  return (
    <div className="field">
      <label htmlFor={id}>{label}</label>
      {children({
        id,
        'aria-describedby': ids === '' ? undefined : ids,
        'aria-invalid': problem !== undefined,
      })}
      {problem !== undefined && (
        <p id={`${id}-problem`} className="field-problem" role="alert">
          {problem}
        </p>
      )}
      {hint !== undefined && (
        <p id={`${id}-hint`} className="muted">
          {hint}
        </p>
      )}
    </div>
  );
}

interface ChoiceFieldProps {
  id: string;
  label: string;
  problem?: string | undefined;
  value: string;
  onChange: (value: string) => void;
  children: ReactNode;
}

export function ChoiceField({ id, label, problem, value, onChange, children }: ChoiceFieldProps) {
  return (
    <Field id={id} label={label} problem={problem}>
      {(described) => (
        <select {...described} value={value} onChange={(event) => onChange(event.target.value)}>
          {children}
        </select>
      )}
    </Field>
  );
}

interface NumberInputProps {
  id: string;
  label: string;
  hint?: string | undefined;
  problem?: string | undefined;
  value: string;
  onChange: (value: string) => void;
}

export function NumberInput({ id, label, hint, problem, value, onChange }: NumberInputProps) {
  return (
    <Field id={id} label={label} hint={hint} problem={problem}>
      {(described) => (
        <input
          {...described}
          inputMode="decimal"
          autoComplete="off"
          maxLength={20}
          value={value}
          onChange={(event) => onChange(event.target.value)}
        />
      )}
    </Field>
  );
}
