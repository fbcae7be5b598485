/** Signing in by a one-time link. */
import { useQuery } from "@tanstack/react-query";
import { meQuery } from "../../api/queries.ts";
import { signInByLink } from "../../api/signIn.ts";
import { useLinkToken } from "../../app/oneTimeLink.ts";
import { ErrorState, LoadingState } from "../../components/states.tsx";
import { Entering } from "./Entering.tsx";
import { isLinkRefused } from "./formErrors.ts";
import { LinkProblem } from "./LinkProblem.tsx";

function SigningIn({ token }: { token: string }) {
  // A query, not a mutation: however often this is mounted, the link is sent once.
  const { data, error, refetch } = useQuery({
    queryKey: ["sign-in", "link", token],
    queryFn: () => signInByLink(token),
    retry: false,
    staleTime: Number.POSITIVE_INFINITY,
  });
  if (data !== undefined) return <Entering />;
  if (isLinkRefused(error)) return <LinkProblem kind="link" />;
  return error ? (
    <ErrorState wholePage reason={error} retry={() => void refetch()} />
  ) : (
    <LoadingState label="Signing in" />
  );
}

/** The page at `/sign-in/link`. Who is signed in already goes on, and the link stays good. */
export function LinkPage() {
  const token = useLinkToken();
  const { data: me, error, refetch } = useQuery(meQuery);
  if (me === undefined) {
    return error ? (
      <ErrorState wholePage reason={error} retry={() => void refetch()} />
    ) : (
      <LoadingState label="Signing in" />
    );
  }
  if (me !== null) return <Entering />;
  return token === undefined ? <LinkProblem kind="link" missing /> : <SigningIn key={token} token={token} />;
}
