/** The contract of a service type. */
import type { Language } from '../model/language.js';
import type { Level } from '../model/level.js';
import type { Metric } from '../model/metric.js';
import type { Provider } from '../model/provider.js';
import type { Prober } from '../probe/index.js';

/** A text of the type's own, in every language of the panel. */
export type Texts = Readonly<Record<Language, string>>;

/** A systemd unit that may provide the type on this node, and the Debian package that brings it. */
export interface UnitCandidate {
  /** `name.service`, or a template `name@.service` whose instances all count. */
  readonly unit: string;
  /** What a template's instance names: the user it runs as, or anything else. */
  readonly instance?: 'user' | 'name';
  /** Debian package to install; null where Debian has none. */
  readonly package: string | null;
  /** What opens it to neighbours, when the package has it listen on loopback only. */
  readonly opening?: Opening;
}

/** What concerns only this node's own service of the type. */
export interface LocalUnits {
  /** In order of preference. */
  readonly units: readonly UnitCandidate[];
  /** The unit carries a network: stopping it may cut off the person at the browser. */
  readonly link?: boolean;
  /** Which attributes (`name=value`) neighbours need, for the form that announces the service. */
  readonly publishTxt?: Texts;
  /** What its owner should know or do. */
  readonly advice?: Texts;
}

/** Lines for a program's own configuration. */
export interface Opening {
  /** Where they go, what to do then, and what may be in the way. */
  readonly label: Texts;
  /** For private addresses. */
  readonly text: string;
  /** For the ranges that the owner has set, in CIDR notation; absent where the lines do not name any. */
  textFor?(ranges: readonly string[]): string;
}

export interface Cost {
  readonly packets: number;
  readonly bytes: number;
}

/** Where a step is done, in the order in which a page has them. `computer` is any, by the program's own window. */
export const DEVICES = ['phone', 'computer', 'linux', 'desktop', 'router'] as const;
export type Device = (typeof DEVICES)[number];

/** A part of a line that only the person knows. In the line it is its name, as in `<net>`. */
export interface Hole {
  readonly name: string;
  readonly label: Texts;
  /** What may be put into the line, as a regular expression: nothing that a shell or a file would take for more. */
  readonly pattern: string;
}

/** One thing that a person does to use a provider. */
export type UseStep = UseKind & {
  readonly label: Texts;
  /** The one device that it is for; one without is for all of them. */
  readonly on?: Device;
};

type UseKind =
  | { readonly kind: 'link'; readonly url: string }
  | {
      readonly kind: 'copy';
      readonly text: string;
      /** The one system that it is for, of several: its name, folded up until a person chooses it. */
      readonly system?: string;
      readonly holes?: readonly Hole[];
    }
  | { readonly kind: 'qr'; readonly text: string }
  | { readonly kind: 'note' };

/** A provider, and what its newest answer said of it; without facts where it was never measured. */
export type Usable = Provider & { readonly facts?: Readonly<Record<string, string>> };

/** A file that the panel makes for programs. */
export interface ServiceFile {
  /** Letters, digits, `.` and `-`. */
  readonly name: string;
  readonly mediaType: string;
  readonly label: Texts;
  /** Where a program takes its address. */
  readonly hint?: Texts;
  /** Where it belongs on a Debian machine that fetches it now and then, and what makes its program read it anew. */
  readonly keep?: { readonly path: string; readonly reload: string | null };
  /**
   * @param best the providers worth using, in the order to try them; may be empty
   * @returns null where there is nothing to write: whoever has an older one keeps it
   */
  write(best: readonly Usable[]): string | null;
}

/** What connecting may use of the panel; anything else comes with the type's own folder. */
export interface ConnectTools {
  /**
   * Joins the community through these addresses (`ip:port`) by this node's running agent.
   * @returns how many of them answered
   * @throws PanelError serf-away, serf-refused; connect-failed when none answered
   */
  joinCommunity(addresses: readonly string[]): Promise<number>;
}

/** What one click does with a chosen provider: it tells a program of this node to use it. */
export interface Connect {
  /** Text of the button. */
  readonly label: Texts;
  /** What was done, and what is left to do. */
  readonly done: Texts;
  /** Whether the announcement has everything that it takes. */
  suits(provider: Provider): boolean;
  /** Doing it twice changes nothing more. @throws PanelError connect-failed and those of the tools */
  run(provider: Provider, tools: ConnectTools, signal: AbortSignal): Promise<void>;
}

/** Lets a person offer an account for one scan of one provider: it goes to that provider only, and is not stored. */
export interface AccountOffer {
  readonly label: Texts;
  /** What it is for, and who sees it. */
  readonly explanation: Texts;
}

/** What a link of another network's announcements looks like: one that matches in every part given is of the type. */
export interface LinkPattern {
  readonly scheme: string;
  readonly port?: number;
  /** A word of the service's name, in lower case. */
  readonly word?: string;
}

/** What such an announcement says of its service. */
export interface AnnouncedLink {
  readonly scheme: string;
  readonly port: number | null;
  /** In lower case. */
  readonly words: readonly string[];
}

export interface ServiceType {
  /** As on the wire; also the name of the file or folder. */
  readonly id: string;
  /** Other words on the wire that mean the same. */
  readonly aliases?: readonly string[];
  /** Descriptions of what programs announce by the same word, and is something else: listed among the other services. */
  readonly namesakes?: RegExp;
  /** How networks that announce links announce it; where several types match, the one that asks for more is meant. */
  readonly links?: readonly LinkPattern[];
  readonly title: Texts;
  /** One sentence: what a neighbour gets from it. */
  readonly summary: Texts;
  /** SVG path data on a 24×24 grid. */
  readonly icon: string;
  /** null where every provider chooses its own. */
  readonly defaultPort: number | null;
  readonly transports: readonly ('tcp' | 'udp')[];
  readonly local?: LocalUnits;
  readonly probe: Prober;
  /** Whether a probe checks an identity by a cryptographic handshake: background probes then come at most every 6 h. */
  readonly identifies?: boolean;
  /**
   * What this node's own configuration says about the provider, for the probe (`target.own`) and for `use`; empty where it
   * says nothing. Reads files, so it is called outside of what is timed.
   */
  introduce?(provider: Provider): Promise<ReadonlyMap<string, string>>;
  readonly account?: AccountOffer;
  /** What one probe costs at most, IP headers included: shown before a scan, held against the daily budget. */
  readonly cost: Cost;
  /** What it costs on top when a person asked for it, or offered an account where the type takes one. */
  readonly askedCost?: Cost;
  /** Lowest level that earns a score; null while the probe proves too little to judge (then no provider has a score). */
  readonly scoredFrom: Level | null;
  /** Weights sum to 1. Empty only when `scoredFrom` is null. */
  readonly metrics: readonly Metric[];
  /**
   * How a person uses the provider.
   * @param best the providers worth using, best first, for steps that name a second one
   * @param own what `introduce` found, where it may be shown
   */
  use(provider: Usable, best?: readonly Usable[], own?: ReadonlyMap<string, string>): readonly UseStep[];
  /** Files for programs, made from the ranked list (a proxy auto-configuration): served at `/services/<type>/files/<name>`. */
  readonly files?: readonly ServiceFile[];
  readonly connect?: Connect;
  /** `when-announced`: not built in; shown as those are once somebody announces it. */
  readonly listed?: 'always' | 'when-announced';
  /** What the announcement's own attributes say, as label and value, for the provider page. */
  describe?(txt: ReadonlyMap<string, string>): readonly { readonly label: Texts; readonly value: string | Texts }[];
}

/**
 * Whether the panel speaks the protocol of that type: built in, or known once somebody announces it.
 * @param type of the registry, for the id
 * @returns false where only the port is checked, be it for a word that is unknown or for the type of all that has no word
 */
export const hasOwnProbe = (type: ServiceType, typeId: string): boolean =>
  type.id === typeId && type.scoredFrom !== null;

export interface ServiceRegistry {
  /** The built-in types, in the order of Cloudy's search page. */
  readonly types: readonly ServiceType[];
  /** The type of that id, built in or not; `other` for every unknown one. */
  of(typeId: string): ServiceType;
  /** Whether it is one of the built-in types. */
  has(typeId: string): boolean;
  /** The id of the type of which it is another name, or whose namesake it is; the word itself where it is neither. */
  canonical(typeId: string, description?: string): string;
  /** The id of the type that an announced link leads to; null where no type claims it. */
  recognise(link: AnnouncedLink): string | null;
}
