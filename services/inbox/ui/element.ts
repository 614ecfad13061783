import { type ComponentChildren, h, type JSX } from "preact";

/** What a view returns. */
export type View = JSX.Element;

type Props<Tag extends keyof JSX.IntrinsicElements> = JSX.IntrinsicElements[Tag] & {
  readonly [name: `data-${string}`]: string;
};

/** An element whose tag, properties and handlers the compiler checks: `h` itself accepts any of them. */
export function el<Tag extends keyof JSX.IntrinsicElements>(
  tag: Tag,
  props: Props<Tag> | null,
  ...children: readonly ComponentChildren[]
): View {
  return h<object>(tag, props, ...children);
}
