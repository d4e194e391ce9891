/**
 * Real devices that a trained network might run on: how much they hold, and how fast they multiply 8-bit integers. Memory
 * is that of the part named, with nothing else running; `perCycle` is what a good kernel library reaches, with its source,
 * not the peak of the data sheet, except where only that is published.
 */

export interface Device {
  label: string;
  /** The part whose data sheet gives the figures. */
  part: string;
  help: string;
  /** Bytes for weights and code. */
  flash: number;
  /** Bytes for activations. */
  ram: number;
  /** In Hz. */
  clock: number;
  /** 8-bit multiply-accumulates a clock cycle, all units together. */
  macsPerCycle: number;
  /** Where memory and clock, and where the speed, come from. */
  sources: readonly string[];
}

const KB = 1024;
const MB = 1024 * KB;

export const devices = {
  cortexM0: {
    label: 'Cortex-M0+',
    part: 'STM32L073RZ',
    help: 'A small low-power microcontroller: a single-cycle multiplier, no wide instructions, two cycles for each load.',
    flash: 192 * KB,
    ram: 20 * KB,
    clock: 32e6,
    macsPerCycle: 0.125,
    sources: [
      'STM32L073x8/xB/xZ data sheet, ST DS10685',
      'Counted from Arm’s Cortex-M0+ Technical Reference Manual (DDI 0484), instruction timing: two loads of 2 cycles, multiply, add, and 2 of the loop are 8 cycles a product',
    ],
  },
  rp2040: {
    label: 'RP2040',
    part: 'Raspberry Pi Pico',
    help: 'Two Cortex-M0+ cores, of which one is counted; the program lies in a flash chip of its own.',
    flash: 2 * MB,
    ram: 264 * KB,
    clock: 133e6,
    macsPerCycle: 0.125,
    sources: [
      'RP2040 and Raspberry Pi Pico data sheets, Raspberry Pi Ltd',
      'Counted as for the Cortex-M0+; one core',
    ],
  },
  cortexM4: {
    label: 'Cortex-M4',
    part: 'nRF52840 (Arduino Nano 33 BLE)',
    help: 'Multiplies two 16-bit pairs at once; 8-bit values are widened for it.',
    flash: MB,
    ram: 256 * KB,
    clock: 64e6,
    macsPerCycle: 0.29,
    sources: [
      'nRF52840 Product Specification, Nordic Semiconductor',
      'Half of what is measured on the Cortex-M7: the same instructions, one at a time where that issues two',
    ],
  },
  esp32s3: {
    label: 'ESP32-S3',
    part: 'ESP32-S3-WROOM-1-N8',
    help: 'A Wi-Fi chip with 128-bit vector instructions; one of its two cores is counted, and no external RAM.',
    flash: 8 * MB,
    ram: 512 * KB,
    clock: 240e6,
    macsPerCycle: 0.55,
    sources: [
      'ESP32-S3 series and ESP32-S3-WROOM-1 data sheets, Espressif',
      'esp-tflite-micro README, Espressif: person detection (7.2 million products) in 54 ms with ESP-NN',
    ],
  },
  cortexM7: {
    label: 'Cortex-M7',
    part: 'STM32H743ZI',
    help: 'The largest of the common microcontrollers: issues two instructions a cycle.',
    flash: 2 * MB,
    ram: MB,
    clock: 480e6,
    macsPerCycle: 0.58,
    sources: [
      'STM32H743xI data sheet, ST DS12110',
      'CMSIS-NN (Lai, Suda, Chandra 2018, arXiv:1801.06601): 24.7 million operations in 99.1 ms on a Cortex-M7 at 216 MHz',
    ],
  },
  phoneNpu: {
    label: 'Phone NPU',
    part: 'Snapdragon 888, Hexagon 780',
    help: 'The accelerator of a phone. Peak figures: small networks wait for memory and calls, and get a fraction.',
    flash: 128 * 1024 * MB,
    ram: 8 * 1024 * MB,
    clock: 1.5e9,
    macsPerCycle: 26e12 / 2 / 1.5e9,
    sources: [
      'Snapdragon 888 5G product brief, Qualcomm: 26 TOPS; a clock of 1.5 GHz is assumed, only the product counts',
      'Memory of the smallest Galaxy S21, Samsung: 128 GB and 8 GB',
    ],
  },
} as const satisfies Record<string, Device>;
export type DeviceName = keyof typeof devices;
