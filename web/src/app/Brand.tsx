import { makeStyles, tokens } from "@fluentui/react-components";
import { Link } from "react-router";
import { basePath } from "../lib/basePath.ts";

const useStyles = makeStyles({
  product: {
    display: "flex",
    alignItems: "center",
    gap: "10px",
    fontSize: tokens.fontSizeBase400,
    fontWeight: tokens.fontWeightSemibold,
    color: tokens.colorNeutralForeground1,
    textDecorationLine: "none",
    borderRadius: tokens.borderRadiusMedium,
    ":focus-visible": { outline: `2px solid ${tokens.colorStrokeFocus2}`, outlineOffset: "2px" },
  },
  mark: { width: "24px", height: "24px", display: "block" },
});

/** The product's mark and name: the way to the home page. */
export function Brand() {
  const styles = useStyles();
  return (
    <Link to="/" className={styles.product}>
      <img className={styles.mark} src={`${basePath}/favicon.svg`} alt="" />
      Headwater
    </Link>
  );
}
