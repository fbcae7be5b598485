import { Link as FluentLink } from "@fluentui/react-components";
import type { ReactNode } from "react";
import { useHref, useLinkClickHandler } from "react-router";

interface RouterLinkProps {
  to: string;
  className?: string | undefined;
  children: ReactNode;
}

/** A link to another page of the app that looks like Fluent's and does not load the app anew. */
export function RouterLink({ to, className, children }: RouterLinkProps) {
  const navigate = useLinkClickHandler<HTMLAnchorElement>(to);
  return (
    <FluentLink href={useHref(to)} className={className} onClick={navigate}>
      {children}
    </FluentLink>
  );
}
