import { RouterLink } from "../components/RouterLink.tsx";
import { EmptyState } from "../components/states.tsx";

/** Shown for an address that no page answers. */
export function NotFoundPage() {
  return (
    <EmptyState wholePage title="There is no such page" action={<RouterLink to="/">Go to the home page</RouterLink>}>
      The address may be misspelled, or it belongs to a newer version of Headwater.
    </EmptyState>
  );
}
