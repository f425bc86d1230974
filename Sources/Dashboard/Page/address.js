// The page's address: #/ runs, #/run/NAME/SECTION, #/compare/A,B, and #token=… for a token.

/** Decodes percent-encoded text; text that is not well encoded is returned as it is, because anyone may write an address. */
export function decoded(text) {
  try { return decodeURIComponent(text); } catch { return text; }
}

/** Returns the kind of page that an address names, the runs on it, and the section of a run. */
export function routeOf(hash) {
  const parts = hash.replace(/^#\/?/, "").split("/");
  if (parts[0] === "run" && parts[1]) return { kind: "run", key: decoded(parts[1]), section: parts[2] || "curves" };
  if (parts[0] === "compare") return { kind: "compare", key: (parts[1] ?? "").split(",").map(decoded).filter(Boolean).join(",") };
  return { kind: "runs", key: "" };
}
