/** Steps that several types give alike. */
import type { ServiceFile, Texts, UseStep } from './contract.js';

const FOR_A_CAMERA: Texts = {
  ca: 'Apunteu-hi la càmera del telèfon: l’obre al seu navegador.',
  es: 'Apunte la cámara del teléfono: se abre en su navegador.',
  en: 'Point the phone’s camera at it: it opens in its browser.',
  de: 'Halte die Kamera des Telefons darauf: Es öffnet sich in dessen Browser.',
};

/** A page to open, and its code for a phone. */
export const pageSteps = (label: Texts, url: string): UseStep[] => [
  { kind: 'link', label, url },
  { kind: 'qr', on: 'phone', label: FOR_A_CAMERA, text: url },
];

/**
 * A line for cron that fetches a file every ten minutes, and puts it in its place if it has changed. What cannot be fetched
 * changes nothing.
 * @param address of letters, digits and the signs of an address only: it goes into a command
 */
export function keepLine(address: string, { path, reload }: NonNullable<ServiceFile['keep']>): string {
  const fetched = `/run/${path.split('/').at(-1)}.new`;
  const steps = [`curl -fsSm 20 -o ${fetched} '${address}'`, `! cmp -s ${fetched} ${path}`, `cp ${fetched} ${path}`];
  return `*/10 * * * * root ${[...steps, ...(reload === null ? [] : [reload])].join(' && ')}`;
}
