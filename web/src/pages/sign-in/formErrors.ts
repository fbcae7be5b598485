/** Which part of a form an error of the server is about. */
import type { ApiError } from "../../api/apiError.ts";

/** What is wrong, by the names of the form's fields; `form` is what concerns none of them alone. */
export type FormErrors<FieldName extends string> = Partial<Record<FieldName | "form", string>>;

const FIELDS: Readonly<Record<string, "username" | "password">> = {
  "usage.name": "username",
  conflict: "username",
  "usage.password": "password",
};

/** The server's refusal of a new person or password, at the field that it is about. */
export function fieldErrors(error: Pick<ApiError, "code" | "message" | "hint">): FormErrors<"username" | "password"> {
  return { [FIELDS[error.code] ?? "form"]: [error.message, error.hint].filter((part) => part !== "").join(" ") };
}

/** Whether it is the link that was refused, and not what was typed. */
export function isLinkRefused(error: unknown): boolean {
  return typeof error === "object" && error !== null && "status" in error && error.status === 401;
}
