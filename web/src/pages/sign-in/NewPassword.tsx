import type { FormErrors } from "./formErrors.ts";
import { PasswordInput } from "./PasswordInput.tsx";
import { PASSWORD_RULES, passwordProblem } from "./passwordRules.ts";
import { typed } from "./SignInForm.tsx";

export type NewPasswordErrors = FormErrors<"password" | "repeated">;

/** What is wrong with the password that was chosen for who is called `name`; nothing where it can be sent. */
export function newPasswordErrors(values: FormData, name: string): NewPasswordErrors {
  const password = typed(values, "password");
  const problem = passwordProblem(password, name);
  if (problem !== undefined) return { password: problem };
  return typed(values, "repeated") === password ? {} : { repeated: "The two passwords differ." };
}

/** A new password, twice. */
export function NewPassword({ errors }: { errors: NewPasswordErrors }) {
  return (
    <>
      <PasswordInput
        label="New password"
        name="password"
        autoComplete="new-password"
        hint={PASSWORD_RULES}
        error={errors.password}
      />
      <PasswordInput
        label="The same password again"
        name="repeated"
        autoComplete="new-password"
        error={errors.repeated}
      />
    </>
  );
}
