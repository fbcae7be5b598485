/** Signing in by name and password, or by way of somewhere else that knows the person. */
import { Button, Divider, MessageBar, MessageBarBody, makeStyles } from "@fluentui/react-components";
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { useHref, useLocation, useSearchParams } from "react-router";
import type { ApiError } from "../../api/apiError.ts";
import { meQuery, signInWaysQuery } from "../../api/queries.ts";
import { signIn } from "../../api/signIn.ts";
import type { Provider, SignInWays } from "../../api/types.ts";
import { nextAddress } from "../../app/nextAddress.ts";
import { ErrorState, LoadingState } from "../../components/states.tsx";
import { Entering } from "./Entering.tsx";
import type { FormErrors } from "./formErrors.ts";
import { PasswordInput } from "./PasswordInput.tsx";
import { FormMessage, focusWrong, NameInput, SignInForm, typed } from "./SignInForm.tsx";
import { useCountdown } from "./useCountdown.ts";
import { useWayIn } from "./useWayIn.ts";
import { Waiting } from "./Waiting.tsx";
import { WayIn } from "./WayIn.tsx";

const useStyles = makeStyles({
  ways: { display: "flex", flexDirection: "column", gap: "16px" },
});

const NOTICES: Readonly<Record<string, string>> = {
  ended: "Your session has ended. Sign in again to go on where you were.",
  "signed-out": "You are signed out.",
};

/** Why coming back from a provider ended here, by the error's code; the server's log has the whole of it. */
const FAILURES: Readonly<Record<string, string>> = {
  unauthenticated: "Signing in there did not work, or you may not come in here. Try again, or ask an administrator.",
  "unauthenticated.name_taken":
    "Somebody here has your name already. If that is you, sign in as before and have your account tied to the provider.",
  "unauthenticated.throttled": "Too many people are signing in at once. Wait a minute, then try again.",
};
const FAILED = "Signing in there did not work. Ask an administrator: the server's log says why.";

interface Wait {
  since: number;
  seconds: number;
  message: string;
}

const NO_WAIT: Wait = { since: 0, seconds: 0, message: "" };

function missing(name: string, password: string): FormErrors<"username" | "password"> {
  return {
    ...(name === "" && { username: "Enter your name." }),
    ...(password === "" && { password: "Enter your password." }),
  };
}

function ByPassword() {
  const { mutate, error, busy, reset } = useWayIn(signIn);
  const [errors, setErrors] = useState<FormErrors<"username" | "password">>({});
  const [wait, setWait] = useState(NO_WAIT);
  const left = useCountdown(wait.since, wait.seconds);
  const refused = (form: HTMLFormElement) => (reason: ApiError) => {
    setWait(
      reason.status === 429 ? { since: Date.now(), seconds: reason.retryAfter, message: reason.message } : NO_WAIT,
    );
    focusWrong(form, { password: reason.message });
  };
  const submit = (form: HTMLFormElement, values: FormData) => {
    const person = { name: typed(values, "username").trim(), password: typed(values, "password") };
    const found = missing(person.name, person.password);
    setErrors(found);
    setWait(NO_WAIT);
    reset();
    if (!focusWrong(form, found)) mutate(person, { onError: refused(form) });
  };
  return (
    <SignInForm action="Sign in" busyAction="Signing in" busy={busy} blocked={left > 0} onSubmit={submit}>
      {wait.seconds > 0 ? (
        <Waiting message={wait.message} seconds={wait.seconds} left={left} />
      ) : (
        error !== null && <FormMessage>{`${error.message} ${error.hint}`}</FormMessage>
      )}
      <NameInput label="Name" name="username" autoComplete="username" error={errors.username} />
      <PasswordInput label="Password" name="password" autoComplete="current-password" error={errors.password} />
    </SignInForm>
  );
}

function ByProvider({ provider }: { provider: Provider }) {
  const [search] = useSearchParams();
  // The address of a page of the server's own, which the browser has to load.
  const pathname = `/api/sign-in/openid/${encodeURIComponent(provider.name)}`;
  const href = useHref({ pathname, search: `?${new URLSearchParams({ next: nextAddress(search) })}` });
  return (
    <Button as="a" href={href} size="large">
      Sign in with {provider.display_name}
    </Button>
  );
}

function Ways({ ways }: { ways: SignInWays }) {
  const styles = useStyles();
  const { state } = useLocation() as { state: { ending?: string } | null };
  const [search] = useSearchParams();
  const notice = NOTICES[state?.ending ?? ""];
  const failed = search.get("failed");
  const providers = ways.providers;
  return (
    <div className={styles.ways}>
      {notice !== undefined && (
        <MessageBar intent="info" layout="multiline" role="status">
          <MessageBarBody>{notice}</MessageBarBody>
        </MessageBar>
      )}
      {failed !== null && (
        <MessageBar intent="error" layout="multiline" role="alert">
          <MessageBarBody>{FAILURES[failed] ?? FAILED}</MessageBarBody>
        </MessageBar>
      )}
      <ByPassword />
      {providers.length > 0 && <Divider>or</Divider>}
      {providers.map((provider) => (
        <ByProvider key={provider.name} provider={provider} />
      ))}
    </div>
  );
}

/** The page at `/sign-in`. */
export function SignInPage() {
  const me = useQuery(meQuery);
  const ways = useQuery(signInWaysQuery);
  const error = me.error ?? ways.error;
  if (me.data !== undefined && me.data !== null) return <Entering />;
  if (me.data === undefined || ways.data === undefined) {
    const retry = () => void Promise.all([me.refetch(), ways.refetch()]);
    return error ? <ErrorState wholePage reason={error} retry={retry} /> : <LoadingState label="Loading" />;
  }
  if (ways.data.first_administrator) {
    return (
      <WayIn title="Nobody can sign in yet" lead="Nobody has been added to this server.">
        When it was started it printed a link for the first administrator: open that link in this browser. Each start
        prints a new one.
      </WayIn>
    );
  }
  return (
    <WayIn title="Sign in">
      <Ways ways={ways.data} />
    </WayIn>
  );
}
