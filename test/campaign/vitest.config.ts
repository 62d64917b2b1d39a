import { defineConfig, type ViteUserConfig } from "vitest/config";

/** Campaigns: searches that take minutes or hours, never part of the suite. */
const config: ViteUserConfig = defineConfig({
  test: { include: ["test/campaign/**/*.campaign.ts"], pool: "threads", testTimeout: 0 },
});

export default config;
