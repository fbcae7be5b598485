import { makeStyles } from "@fluentui/react-components";
import { formatSeconds } from "../../lib/format.ts";
import { FormMessage } from "./SignInForm.tsx";

const useStyles = makeStyles({
  heardOnly: { position: "absolute", width: "1px", height: "1px", overflow: "hidden", clipPath: "inset(50%)" },
});

/** Too many attempts failed: how long to wait is told once, and counted down for the eye alone. */
export function Waiting({ message, seconds, left }: { message: string; seconds: number; left: number }) {
  const styles = useStyles();
  if (left === 0) return <div role="status">You can try again now.</div>;
  return (
    <FormMessage>
      {message} <span className={styles.heardOnly}>You can try again in {formatSeconds(seconds)}.</span>
      <span aria-hidden="true">You can try again in {formatSeconds(left)}.</span> Whoever runs this server can let you
      in at once, by a one-time link.
    </FormMessage>
  );
}
