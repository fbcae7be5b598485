/** What may be a password: the server's rules, told while one is typed. The server has the last word. */

const SHORTEST = 12;
const LONGEST = 1024;
const FEWEST_DIFFERENT = 5;

export const PASSWORD_RULES = `${SHORTEST} characters or more, of any kind, without your name in it. A sentence is good.`;

/** What is wrong with a password of who is called `name` (empty where that is not known); undefined for nothing. */
export function passwordProblem(password: string, name: string): string | undefined {
  // Counted as the server does: an emoji is one character.
  const characters = [...password];
  if (characters.length === 0) return "Choose a password.";
  if (characters.length < SHORTEST) return `It has ${characters.length} characters; ${SHORTEST} are the fewest.`;
  if (characters.length > LONGEST) return `It has ${characters.length} characters; ${LONGEST} are the most.`;
  if (new Set(characters).size < FEWEST_DIFFERENT) return "Use more than a few different characters.";
  if (name !== "" && password.toLowerCase().includes(name.toLowerCase())) return "Leave your name out of it.";
  return undefined;
}
