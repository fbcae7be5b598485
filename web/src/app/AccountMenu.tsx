import {
  Button,
  Menu,
  MenuDivider,
  MenuGroup,
  MenuGroupHeader,
  MenuItem,
  MenuItemLink,
  MenuList,
  MenuPopover,
  MenuTrigger,
  MessageBar,
  MessageBarBody,
  makeStyles,
  tokens,
} from "@fluentui/react-components";
import { Person20Regular } from "@fluentui/react-icons/svg/person";
import { PersonCircle20Regular } from "@fluentui/react-icons/svg/person-circle";
import { SignOut20Regular } from "@fluentui/react-icons/svg/sign-out";
import { useMutation, useQuery } from "@tanstack/react-query";
import { useHref, useLinkClickHandler } from "react-router";
import { meQuery } from "../api/queries.ts";
import { signOut } from "../api/signIn.ts";
import type { Me } from "../api/types.ts";

const useStyles = makeStyles({
  button: { minWidth: "32px" },
  message: {
    position: "absolute",
    top: "52px",
    right: "8px",
    zIndex: tokens.zIndexPopup,
    maxWidth: "min(400px, calc(100vw - 16px))",
    boxShadow: tokens.shadow8,
  },
  displayName: {
    maxWidth: "20ch",
    overflow: "hidden",
    textOverflow: "ellipsis",
    whiteSpace: "nowrap",
    "@media (max-width: 880px)": { display: "none" },
  },
  // Over whatever a page has in its own layers.
  popover: { zIndex: tokens.zIndexPopup, maxWidth: "min(320px, calc(100vw - 16px))" },
  person: { display: "block", height: "auto", padding: "6px 8px", overflowWrap: "anywhere" },
  name: { display: "block", fontWeight: tokens.fontWeightRegular, color: tokens.colorNeutralForeground3 },
});

function AccountLink() {
  const open = useLinkClickHandler<HTMLAnchorElement>("/account");
  return (
    <MenuItemLink icon={<Person20Regular />} href={useHref("/account")} onClick={open}>
      Your account
    </MenuItemLink>
  );
}

interface AccountItemsProps {
  me: Me;
  onSignOut: (everywhere: boolean) => void;
}

function AccountItems({ me, onSignOut }: AccountItemsProps) {
  const styles = useStyles();
  return (
    <MenuList>
      <MenuGroup>
        <MenuGroupHeader className={styles.person}>
          {me.display_name}
          <span className={styles.name}>{me.name}</span>
        </MenuGroupHeader>
        <AccountLink />
        {me.via === "session" && (
          <>
            <MenuDivider />
            <MenuItem icon={<SignOut20Regular />} onClick={() => onSignOut(false)}>
              Sign out
            </MenuItem>
            <MenuItem onClick={() => onSignOut(true)}>Sign out everywhere</MenuItem>
          </>
        )}
      </MenuGroup>
    </MenuList>
  );
}

/** Who is signed in, and the way out. */
export function AccountMenu() {
  const styles = useStyles();
  const { data: me } = useQuery(meQuery);
  const { mutate, error } = useMutation({ mutationFn: signOut });
  if (me === undefined || me === null) return null;
  return (
    <>
      {error !== null && (
        <MessageBar className={styles.message} intent="error" layout="multiline" role="alert">
          <MessageBarBody>You are still signed in. {error.message}</MessageBarBody>
        </MessageBar>
      )}
      {/* In line: the menu belongs to the header for assistive technology too. */}
      <Menu inline hasIcons positioning="below-end">
        <MenuTrigger disableButtonEnhancement>
          <Button
            className={styles.button}
            appearance="subtle"
            icon={<PersonCircle20Regular />}
            aria-label={`Account: ${me.display_name}`}
          >
            <span className={styles.displayName}>{me.display_name}</span>
          </Button>
        </MenuTrigger>
        <MenuPopover className={styles.popover}>
          <AccountItems me={me} onSignOut={mutate} />
        </MenuPopover>
      </Menu>
    </>
  );
}
