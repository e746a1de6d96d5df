/** Steps that several types give alike. */
import type { Texts, UseStep } from './contract.js';

const FOR_A_CAMERA: Texts = {
  ca: 'Apunteu-hi la càmera del telèfon: l’obre al seu navegador.',
  es: 'Apunte la cámara del teléfono: se abre en su navegador.',
  en: 'Point the phone’s camera at it: it opens in its browser.',
};

/** A page to open, and its code for a phone. */
export const pageSteps = (label: Texts, url: string): UseStep[] => [
  { kind: 'link', label, url },
  { kind: 'qr', on: 'phone', label: FOR_A_CAMERA, text: url },
];
