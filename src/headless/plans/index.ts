/** The tables of docs/results/plans.md by name, all on generated digits. */
import { cost } from './cost';
import { adaround } from './rounding';
import { joint, ranks, selective } from './selective';
import { hybrid, schedules } from './training';

export const planTables = { selective, joint, ranks, hybrid, schedules, adaround, cost };
export type PlanTable = keyof typeof planTables;
