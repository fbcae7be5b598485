/** Becoming the first user, who owns the server, by the link that its first start printed. */
import { useState } from "react";
import { signInAsFirstAdministrator } from "../../api/signIn.ts";
import { useLinkToken } from "../../app/oneTimeLink.ts";
import { type FormErrors, fieldErrors, isLinkRefused } from "./formErrors.ts";
import { LinkProblem } from "./LinkProblem.tsx";
import { NewPassword, newPasswordErrors } from "./NewPassword.tsx";
import { FormMessage, focusWrong, NameInput, SignInForm, typed } from "./SignInForm.tsx";
import { useWayIn } from "./useWayIn.ts";
import { WayIn } from "./WayIn.tsx";

type Errors = FormErrors<"username" | "password" | "repeated">;

function problems(values: FormData): Errors {
  const name = typed(values, "username").trim();
  return { ...(name === "" && { username: "Choose a name." }), ...newPasswordErrors(values, name) };
}

function IntroduceYourself({ token }: { token: string }) {
  const { mutate, error, busy } = useWayIn(signInAsFirstAdministrator);
  const [errors, setErrors] = useState<Errors>({});
  if (isLinkRefused(error)) return <LinkProblem kind="first-administrator" />;
  const submit = (form: HTMLFormElement, values: FormData) => {
    const show = (found: Errors) => {
      setErrors(found);
      return focusWrong(form, found);
    };
    if (show(problems(values))) return;
    const person = {
      token,
      name: typed(values, "username").trim(),
      display_name: typed(values, "display_name").trim(),
      password: typed(values, "password"),
    };
    mutate(person, { onError: (reason) => void show(fieldErrors(reason)) });
  };
  return (
    <WayIn
      title="Become the first administrator"
      lead="You will own this server: everything in it, and who may do what."
    >
      <SignInForm action="Sign in" busyAction="Signing in" busy={busy} onSubmit={submit}>
        {errors.form !== undefined && <FormMessage>{errors.form}</FormMessage>}
        <NameInput
          label="Name"
          name="username"
          autoComplete="username"
          hint="What you sign in with, without spaces. An e-mail address is a good one."
          error={errors.username}
        />
        <NameInput
          label="Display name"
          name="display_name"
          autoComplete="name"
          hint="What others see; your name if you leave this empty."
          required={false}
        />
        <NewPassword errors={errors} />
      </SignInForm>
    </WayIn>
  );
}

/** The page at `/sign-in/first-administrator`. */
export function FirstAdministratorPage() {
  const token = useLinkToken();
  return token === undefined ? (
    <LinkProblem kind="first-administrator" missing />
  ) : (
    <IntroduceYourself key={token} token={token} />
  );
}
