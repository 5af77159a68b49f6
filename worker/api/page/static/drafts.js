// Drafts: edits of shortcuts that the templates' folder does not have. They stay in this browser until they are undone,
// also when the tab is closed. Sample recipients are no part of them.

const prefix = "herald.draft.";

// A draft is {shortcut, original}: as it is now, and as JSON the shortcut that it was made from.
export const drafts = {
  get(name) {
    const kept = localStorage.getItem(prefix + name);
    try {
      const draft = JSON.parse(kept);
      return draft?.shortcut?.name === name && typeof draft.original === "string" ? draft : null;
    } catch {
      return null; // of another version
    }
  },

  // keep stores a draft, or forgets it where nothing is edited. It reports whether there was room.
  keep({ shortcut, original }) {
    const key = prefix + shortcut.name;
    if (JSON.stringify(shortcut) === original) {
      localStorage.removeItem(key);
      return true;
    }
    try {
      localStorage.setItem(key, JSON.stringify({ shortcut, original }));
      return true;
    } catch {
      return false;
    }
  },

  names: () => Object.keys(localStorage).filter((key) => key.startsWith(prefix)).map((key) => key.slice(prefix.length)).sort(),
};
