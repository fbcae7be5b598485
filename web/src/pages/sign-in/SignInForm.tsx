import {
  Button,
  Field,
  Input,
  MessageBar,
  MessageBarBody,
  makeStyles,
  Spinner,
  tokens,
} from "@fluentui/react-components";
import { type FormEvent, type ReactNode, useEffect, useRef } from "react";
import type { FormErrors } from "./formErrors.ts";

const useStyles = makeStyles({
  form: { display: "flex", flexDirection: "column", gap: "16px" },
  submit: { marginTop: "4px" },
  message: { fontSize: tokens.fontSizeBase300 },
});

interface SignInFormProps {
  /** What the button says, and what it says while the server thinks. */
  action: string;
  busyAction: string;
  busy: boolean;
  /** Nothing can be sent now; the form says why. */
  blocked?: boolean;
  onSubmit: (form: HTMLFormElement, values: FormData) => void;
  children: ReactNode;
}

/** A form of which one field is a password: never part of an address, and never sent twice. */
export function SignInForm({ action, busyAction, busy, blocked = false, onSubmit, children }: SignInFormProps) {
  const styles = useStyles();
  const form = useRef<HTMLFormElement>(null);
  // The form is what somebody came for.
  useEffect(() => form.current?.querySelector("input")?.focus(), []);
  const submit = (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    if (!busy && !blocked) onSubmit(event.currentTarget, new FormData(event.currentTarget));
  };
  return (
    // Were it ever sent by the browser itself, a password would not be put into the address.
    <form ref={form} method="post" className={styles.form} noValidate onSubmit={submit}>
      {children}
      <Button
        className={styles.submit}
        type="submit"
        appearance="primary"
        size="large"
        disabledFocusable={busy || blocked}
        icon={busy ? <Spinner size="tiny" aria-hidden /> : null}
      >
        {busy ? busyAction : action}
      </Button>
    </form>
  );
}

/** What went wrong with the form as a whole. */
export function FormMessage({ children }: { children: ReactNode }) {
  const styles = useStyles();
  return (
    <MessageBar intent="error" layout="multiline" role="alert">
      <MessageBarBody className={styles.message}>{children}</MessageBarBody>
    </MessageBar>
  );
}

interface NameInputProps {
  label: string;
  name: string;
  autoComplete: "username" | "name";
  hint?: string;
  error?: string | undefined;
  required?: boolean;
}

/** A field for one of a person's names. */
export function NameInput({ label, hint, error, required = true, ...input }: NameInputProps) {
  return (
    <Field label={label} hint={hint ?? null} validationMessage={error ?? null} required={required}>
      <Input autoCapitalize="none" autoCorrect="off" spellCheck={false} {...input} />
    </Field>
  );
}

/** What was typed into a field. */
export function typed(values: FormData, field: string): string {
  const value = values.get(field);
  return typeof value === "string" ? value : "";
}

/** Puts the cursor into the first field that something is wrong with; false where nothing is. */
export function focusWrong(form: HTMLFormElement, errors: FormErrors<string>): boolean {
  for (const input of form.elements) {
    if (!(input instanceof HTMLInputElement) || errors[input.name] === undefined) continue;
    input.focus();
    input.select();
    return true;
  }
  return false;
}
