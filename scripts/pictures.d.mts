export const pictures: Readonly<Record<string, { readonly example: string; readonly draw: (printed: string) => string }>>;
export function drawn(name: string): string;
