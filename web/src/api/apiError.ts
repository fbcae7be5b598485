/** A call that did not bring what was asked for, in the server's own words. `status` is 0 when nobody answered. */
export class ApiError extends Error {
  readonly status: number;
  readonly code: string;
  readonly place: string;
  readonly hint: string;
  /** How many seconds the server asks to wait; 0 where it asks for none. */
  readonly retryAfter: number;

  constructor(
    status: number,
    detail: { code: string; message: string; where?: string; hint?: string },
    retryAfter: number = 0,
  ) {
    super(detail.message);
    this.name = "ApiError";
    this.status = status;
    this.code = detail.code;
    this.place = detail.where ?? "";
    this.hint = detail.hint ?? "";
    this.retryAfter = retryAfter;
  }
}
