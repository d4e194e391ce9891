/** How PTQ is done and what QAT learns from, behind a button in the head of their columns. */
import { Popover } from '@mantine/core';
import { type ReactNode, useState } from 'react';
import { distillationFields } from '@/catalog/distillation';
import { hasBatchNorm } from '@/catalog/layers';
import {
  type CalibrationMethod,
  calibrationMethods,
  defaultPtq,
  mostCalibrationSamples,
  type Preparation,
  type PtqSettings,
  preparations,
  ptqOf,
} from '@/experiment/ptq';
import { changeMethod, edit } from '@/store/editing';
import { useExperiment, useSettings } from '@/store/experiment';
import { useLive } from '@/store/live';
import { NumberBox } from '../controls/NumberBox';
import { help, Term } from '../Term';
import styles from './Methods.module.css';

interface MenuProps {
  title: string;
  helpText: string;
  children: ReactNode;
}

function Menu({ title, helpText, children }: MenuProps) {
  const [open, setOpen] = useState(false);
  return (
    <Popover
      opened={open}
      onChange={setOpen}
      position="bottom-end"
      shadow="md"
      trapFocus
      returnFocus
      withinPortal
    >
      <Popover.Target>
        <button
          type="button"
          className={`quiet ${styles.button}`}
          aria-label={title}
          onClick={() => setOpen(!open)}
          {...help(helpText)}
        >
          ⋯
        </button>
      </Popover.Target>
      <Popover.Dropdown className={styles.menu} aria-label={title}>
        <h4 data-autofocus tabIndex={-1}>
          {title}
        </h4>
        {children}
      </Popover.Dropdown>
    </Popover>
  );
}

const isDefault = (ptq: PtqSettings) =>
  Object.entries(ptq).every(([key, value]) => defaultPtq[key as keyof PtqSettings] === value);

/** Changes PTQ's settings; those that say nothing are left out. */
export function changePtq(change: { [K in keyof PtqSettings]?: PtqSettings[K] | undefined }): void {
  const before = ptqOf(useExperiment.getState().experiment);
  const entries = Object.entries({ ...before, ...change }).filter(([, value]) => value !== undefined);
  const ptq = Object.fromEntries(entries) as PtqSettings;
  changeMethod({ ptq: isDefault(ptq) ? undefined : ptq });
}

export function PtqMenu() {
  const experiment = useExperiment((state) => state.experiment);
  const ptq = ptqOf(experiment);
  const offered = (Object.keys(preparations) as Preparation[]).filter(
    (key) => key !== 'reestimate' || hasBatchNorm(experiment.layers),
  );
  return (
    <Menu
      title="PTQ settings"
      helpText="Calibration, and what is done to the float network before and after it is rounded."
    >
      <div className={styles.line}>
        <Term name="calibration">Calibration examples</Term>
        <NumberBox
          name="Calibration examples"
          value={ptq.samples}
          min={16}
          max={mostCalibrationSamples}
          integer
          onCommit={(samples) => samples !== undefined && changePtq({ samples })}
        />
      </div>
      <label className={styles.line} {...help(calibrationMethods[ptq.method].help)}>
        Ranges, all layers
        <select
          aria-label="PTQ ranges, all layers"
          value={ptq.method}
          onChange={({ target }) => changePtq({ method: target.value as CalibrationMethod })}
        >
          {Object.entries(calibrationMethods).map(([key, { label }]) => (
            <option key={key} value={key}>
              {label}
            </option>
          ))}
        </select>
      </label>
      {offered.map((key) => (
        <label key={key} {...help(preparations[key].help)}>
          <input
            type="checkbox"
            checked={ptq[key] === true}
            onChange={({ target }) => changePtq({ [key]: target.checked || undefined })}
          />{' '}
          {preparations[key].label}
        </label>
      ))}
      <p className="hint">One layer’s own ranges are chosen in its panel below the network.</p>
    </Menu>
  );
}

export function QatMenu() {
  const { distillation } = useExperiment((state) => state.experiment);
  const { observers } = useSettings();
  const trained = useLive((live) => live.step > 0);
  const [weight, temperature] = distillationFields as [
    (typeof distillationFields)[number],
    (typeof distillationFields)[number],
  ];
  return (
    <Menu
      title="QAT settings"
      helpText="Distillation from the float twin, frozen observers, and QAT that starts from PTQ’s result."
    >
      <div className={styles.line}>
        <span {...help(`${weight.help} 0: labels alone.`)}>{weight.label}</span>
        <NumberBox
          name={weight.label}
          value={distillation?.weight ?? 0}
          min={weight.min}
          max={weight.max}
          onCommit={(value) =>
            value !== undefined &&
            changeMethod({
              distillation:
                value === 0
                  ? undefined
                  : { temperature: temperature.omitted ?? 4, ...distillation, weight: value },
            })
          }
        />
      </div>
      <div className={styles.line}>
        <span {...help(temperature.help)}>{temperature.label}</span>
        <NumberBox
          name={temperature.label}
          value={distillation?.temperature ?? temperature.omitted}
          min={temperature.min}
          max={temperature.max}
          disabled={!distillation}
          onCommit={(value) =>
            value !== undefined &&
            distillation &&
            changeMethod({ distillation: { ...distillation, temperature: value } })
          }
        />
      </div>
      <label
        {...help(
          'The ranges of activations stay as they are, so that the grid no longer moves under the weights. The plan can do it from a step on.',
        )}
      >
        <input
          type="checkbox"
          checked={observers === 'frozen'}
          onChange={({ target }) =>
            edit([{ kind: 'observers', value: target.checked ? 'frozen' : 'following' }])
          }
        />{' '}
        Freeze observers
      </label>
      <button
        type="button"
        disabled={!trained}
        onClick={() => edit([{ kind: 'adopt' }])}
        {...help(
          'The QAT network becomes PTQ’s result as it is now, and trains on from there. Recorded as a change of this step.',
        )}
      >
        Start from PTQ now
      </button>
      <p className="hint">What a plan does by itself, and when, stands under the accuracy curve.</p>
    </Menu>
  );
}
