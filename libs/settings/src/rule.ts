/** A rule between several settings, as arguments for the `refine` of a schema. Invalid settings are absent in `read`. */
export type SettingRule<Read> = readonly [
  check: (read: Partial<Read>) => boolean,
  problem: { path: PropertyKey[]; error: string; when: () => true },
];

/** A rule whose violation is reported for `variable`, together with invalid settings: a start lists all its problems. */
export const settingRule = <Read>(
  variable: keyof Read & string,
  error: string,
  check: (read: Partial<Read>) => boolean,
): SettingRule<Read> => [check, { path: [variable], error, when: () => true }];
