/** The calls that begin and end a session. Each that begins one has the browser keep its cookie. */
import { body, client } from "./client.ts";
import { endSession } from "./session.ts";

export interface FirstAdministrator {
  token: string;
  name: string;
  display_name: string;
  password: string;
}

export function signIn(person: { name: string; password: string }) {
  return body(client.POST("/api/sign-in", { body: person }));
}

export function signInByLink(token: string) {
  return body(client.POST("/api/sign-in/link", { body: { token } }));
}

export function signInWithNewPassword(link: { token: string; password: string }) {
  return body(client.POST("/api/sign-in/password", { body: link }));
}

export function signInAsFirstAdministrator(person: FirstAdministrator) {
  return body(client.POST("/api/sign-in/first-administrator", { body: person }));
}

/** Ends this session, or all of this person's, wherever they are. */
export async function signOut(everywhere: boolean): Promise<void> {
  await body(client.POST("/api/sign-out", { body: { everywhere } }));
  endSession("signed-out");
}
