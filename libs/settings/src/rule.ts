/** What must hold between settings, as a schema's `refine` takes it. Settings that are broken themselves are absent. */
export type SettingRule<Read> = readonly [
  check: (read: Partial<Read>) => boolean,
  problem: { path: PropertyKey[]; error: string; when: () => true },
];

/** A rule whose breach is reported at `variable`, beside broken settings: a start reports all problems at once. */
export const settingRule = <Read>(
  variable: keyof Read & string,
  error: string,
  check: (read: Partial<Read>) => boolean,
): SettingRule<Read> => [check, { path: [variable], error, when: () => true }];
