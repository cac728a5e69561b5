// Untyped on purpose: lib/binding.ts is the one place that says what the addon offers.
declare const binding: unknown
export = binding
