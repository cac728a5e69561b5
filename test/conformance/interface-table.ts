/** The shape of the tables of interfaces: documented names, and where to look for them here. */

export interface InterfaceTable {
  /** The documented name. */
  name: string
  /** Documented members, in documented order, separated by blanks. */
  members: string
  /**
   * Names that `lib/index.ts` exports; a documented `DoThis` is the member `doThis` of one of them, whatever the case
   * of its letters. `typeof X` stands for the static side of a class.
   */
  carriers: readonly string[]
  /** Members that have another shape here: `'Type.member'`, or the name of an export. */
  as?: Readonly<Record<string, string>>
  /** Members that are left out on purpose, with the reason. One that exists all the same is a mistake of the table. */
  absent?: Readonly<Record<string, string>>
}

/** The same reason for several members. */
export function each(members: string, reason: string): Record<string, string> {
  return Object.fromEntries(members.split(/\s+/).map((member) => [member, reason]))
}
