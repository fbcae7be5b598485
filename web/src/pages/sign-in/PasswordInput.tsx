import { Button, Field, Input, Tooltip } from "@fluentui/react-components";
import { Eye20Regular } from "@fluentui/react-icons/svg/eye";
import { EyeOff20Regular } from "@fluentui/react-icons/svg/eye-off";
import { useState } from "react";

interface PasswordInputProps {
  label: string;
  name: string;
  autoComplete: "current-password" | "new-password";
  hint?: string;
  error: string | undefined;
}

/** A field for a password, which can be shown while it is typed. */
export function PasswordInput({ label, hint, error, ...input }: PasswordInputProps) {
  const [shown, setShown] = useState(false);
  const toggleLabel = shown ? "Hide the password" : "Show the password";
  const toggle = (
    <Tooltip content={toggleLabel} relationship="label">
      <Button
        appearance="transparent"
        size="small"
        icon={shown ? <EyeOff20Regular /> : <Eye20Regular />}
        onClick={() => setShown(!shown)}
      />
    </Tooltip>
  );
  return (
    <Field label={label} hint={hint ?? null} validationMessage={error ?? null} required>
      <Input type={shown ? "text" : "password"} contentAfter={toggle} spellCheck={false} {...input} />
    </Field>
  );
}
