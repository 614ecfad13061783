/** Where people's browsers find the inbox, and what follows from it: the origin of its pages, and its cookie. */
export class InboxAddress {
  #url: URL | undefined;

  /** @param publicUrl what people's browsers use; absent: the inbox tells with {@link InboxAddress.isServedAt} */
  constructor(publicUrl?: string) {
    this.#url = publicUrl === undefined ? undefined : new URL(publicUrl);
  }

  /** The address where the process listens. It does not replace a public address. */
  isServedAt(listening: string): void {
    const url = new URL(listening);
    if (unspecified.has(url.hostname)) url.hostname = "127.0.0.1";
    this.#url ??= url;
  }

  /** Scheme, host and port, as browsers name the origin of a page. */
  get origin(): string {
    return this.#known.origin;
  }

  get isHttps(): boolean {
    return this.#known.protocol === "https:";
  }

  /** Browsers send cookies to all ports of a host, so the name contains the port: two inboxes keep theirs apart. */
  get cookieName(): string {
    return this.isHttps ? "__Host-loopgate" : `loopgate_${this.#known.port || "80"}`;
  }

  /** A link that signs in once. The code is in the fragment, which browsers send to no server. */
  linkWith(code: string): string {
    return `${this.origin}/#code=${code}`;
  }

  get #known(): URL {
    if (this.#url === undefined) throw new TypeError("the inbox is served nowhere yet");
    return this.#url;
  }
}

/** Names of all addresses of a machine, and one that another user of it may listen at too. */
const unspecified: ReadonlySet<string> = new Set(["0.0.0.0", "[::]", "localhost"]);
