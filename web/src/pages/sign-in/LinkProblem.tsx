import { useSearchParams } from "react-router";
import { nextAddress, signInAddress } from "../../app/nextAddress.ts";
import { RouterLink } from "../../components/RouterLink.tsx";
import { WayIn } from "./WayIn.tsx";

export type LinkKind = "link" | "password" | "first-administrator";

const WHERE_FROM: Readonly<Record<LinkKind, string>> = {
  link: "Whoever runs this server can make you a new one.",
  password: "An administrator can make you a new one; with it you can choose another password at any time.",
  "first-administrator":
    "The server prints a new one each time it is started, for as long as nobody has been added. After that, an administrator adds people.",
};

interface LinkProblemProps {
  kind: LinkKind;
  /** The page was opened without a link, or loaded anew, which a link's token does not survive. */
  missing?: boolean;
}

/** A link that leads nowhere: why that may be, and what to do. */
export function LinkProblem({ kind, missing = false }: LinkProblemProps) {
  const [search] = useSearchParams();
  const title = missing ? "Open the link once more" : "This link is not good any more";
  const lead = missing
    ? "This page needs the whole link, and keeps no copy of it. If you have not used it yet, it still works."
    : "A link works once, and for a limited time: it was used already, has expired, or was replaced by a newer one.";
  return (
    <div role="alert">
      <WayIn title={title} lead={lead}>
        <p>{WHERE_FROM[kind]}</p>
        <RouterLink to={signInAddress(nextAddress(search))}>Sign in by name and password</RouterLink>
      </WayIn>
    </div>
  );
}
