/** Choosing a password by a one-time link: an invitation, or help for who forgot theirs. */
import { useState } from "react";
import { signInWithNewPassword } from "../../api/signIn.ts";
import { useLinkToken } from "../../app/oneTimeLink.ts";
import { fieldErrors, isLinkRefused } from "./formErrors.ts";
import { LinkProblem } from "./LinkProblem.tsx";
import { NewPassword, type NewPasswordErrors, newPasswordErrors } from "./NewPassword.tsx";
import { FormMessage, focusWrong, SignInForm, typed } from "./SignInForm.tsx";
import { useWayIn } from "./useWayIn.ts";
import { WayIn } from "./WayIn.tsx";

function ChoosePassword({ token }: { token: string }) {
  const { mutate, error, busy } = useWayIn(signInWithNewPassword);
  const [errors, setErrors] = useState<NewPasswordErrors>({});
  if (isLinkRefused(error)) return <LinkProblem kind="password" />;
  const submit = (form: HTMLFormElement, values: FormData) => {
    const show = (found: NewPasswordErrors) => {
      setErrors(found);
      return focusWrong(form, found);
    };
    if (show(newPasswordErrors(values, ""))) return;
    mutate({ token, password: typed(values, "password") }, { onError: (reason) => void show(fieldErrors(reason)) });
  };
  return (
    <WayIn
      title="Choose a password"
      lead="You sign in with it from now on. Where you were signed in before, you are signed out."
    >
      <SignInForm action="Set the password" busyAction="Signing in" busy={busy} onSubmit={submit}>
        {errors.form !== undefined && <FormMessage>{errors.form}</FormMessage>}
        <NewPassword errors={errors} />
      </SignInForm>
    </WayIn>
  );
}

/** The page at `/sign-in/password`. */
export function PasswordPage() {
  const token = useLinkToken();
  return token === undefined ? <LinkProblem kind="password" missing /> : <ChoosePassword key={token} token={token} />;
}
