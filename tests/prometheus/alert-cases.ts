/** Lists scenes, each with the alert that must fire in it. Times are minutes since the first scrape. */

import { FleetScene, KEY } from "./fleet-scene.js";
import { LocalScene } from "./local-scene.js";
import { type Recording, TARGET } from "./recording.js";

/** A scene, and the only alert that may fire in it. */
export interface AlertCase {
  readonly title: string;
  readonly play: () => Promise<Recording>;
  /** The alert that must fire; undefined when no alert may ever fire. */
  readonly fires?: {
    readonly alert: string;
    /** The first minute in which the alert fires. `to` is the last one. */
    readonly from: number;
    readonly to: number;
    readonly labels: Readonly<Record<string, string>>;
  };
}

const CIRCUIT = {
  dagger_breaker_circuit_name: KEY.name,
  dagger_breaker_circuit_scope: KEY.scope,
};
const LOCAL_CIRCUIT = { dagger_breaker_circuit_name: "payments" };
const STORE = { dagger_breaker_store_kind: "sqlite" };

function fleet(play: (scene: FleetScene) => Promise<void>): AlertCase["play"] {
  return async () => {
    const scene = new FleetScene();
    await play(scene);
    return scene.recording;
  };
}

function local(play: (scene: LocalScene) => Promise<void>): AlertCase["play"] {
  return async () => {
    const scene = new LocalScene();
    await play(scene);
    return scene.recording;
  };
}

/** Plays an outage of half an hour for one process, beside another process of the same service. */
async function outageBeside(play: (other: LocalScene) => Promise<void>): Promise<LocalScene> {
  const scene = new LocalScene();
  await scene.minutes(20, "up");
  await scene.minutes(30, "down");
  await scene.minutes(20, "up");
  const other = new LocalScene({ ...TARGET, instance: "other.example.com:7420" });
  await play(other);
  scene.recording.join(other.recording);
  return scene;
}

export const ALERT_CASES: readonly AlertCase[] = [
  {
    title: "an outage of half an hour",
    play: fleet(async (scene) => {
      await scene.minutes(20, "up");
      await scene.minutes(30, "down");
      await scene.minutes(20, "up");
    }),
    fires: { alert: "DaggerBreakerCallsRejected", from: 25, to: 49, labels: CIRCUIT },
  },
  {
    title: "an outage of half an hour during which the server starts again",
    play: fleet(async (scene) => {
      await scene.minutes(20, "up");
      await scene.minutes(15, "down");
      scene.down(2);
      await scene.minutes(13, "down");
      await scene.minutes(20, "up");
    }),
    fires: { alert: "DaggerBreakerCallsRejected", from: 25, to: 49, labels: CIRCUIT },
  },
  {
    title: "an outage of half an hour for a breaker of one process",
    play: local(async (scene) => {
      await scene.minutes(20, "up");
      await scene.minutes(30, "down");
      await scene.minutes(20, "up");
    }),
    fires: { alert: "DaggerBreakerCallsRejected", from: 25, to: 49, labels: LOCAL_CIRCUIT },
  },
  {
    title: "an outage of half an hour for one process of two",
    play: async () => {
      const { recording } = await outageBeside((scene) => scene.minutes(70, "up"));
      return recording;
    },
    fires: { alert: "DaggerBreakerCallsRejected", from: 25, to: 49, labels: LOCAL_CIRCUIT },
  },
  {
    title: "an outage of half an hour for the only process of two that has calls",
    play: async () => {
      const { recording } = await outageBeside(async (scene) => {
        await scene.minutes(1, "up");
        await scene.idle(69);
      });
      return recording;
    },
    fires: { alert: "DaggerBreakerCallsRejected", from: 25, to: 49, labels: LOCAL_CIRCUIT },
  },
  {
    title: "a blip of two minutes",
    play: fleet(async (scene) => {
      await scene.minutes(20, "up");
      await scene.minutes(2, "down");
      await scene.minutes(20, "up");
    }),
  },
  {
    title: "a night without jobs after a last one that failed",
    play: fleet(async (scene) => {
      await scene.minutes(20, "up");
      await scene.minutes(2, "down");
      await scene.idle(240);
    }),
  },
  {
    title: "a server that starts again",
    play: fleet(async (scene) => {
      await scene.minutes(20, "up");
      await scene.minutes(2, "limits");
      await scene.minutes(60, "up");
      scene.down(4);
      await scene.minutes(60, "up");
    }),
    fires: { alert: "DaggerBreakerRateLimited", from: 20, to: 35, labels: CIRCUIT },
  },
  {
    title: "a store that lost everything",
    play: fleet(async (scene) => {
      await scene.minutes(20, "up");
      await scene.minutes(2, "down");
      await scene.minutes(10, "up");
      scene.empty();
      await scene.idle(3);
      await scene.minutes(30, "up");
    }),
  },
  {
    title: "a breaker that its registry evicted while open, and one that it evicted closed",
    play: local(async (scene) => {
      await scene.minutes(20, "up");
      await scene.minutes(2, "down");
      await scene.minutes(10, "up");
      scene.evict();
      await scene.minutes(10, "up");
    }),
  },
  {
    title: "a process that starts again in the middle of a blip",
    play: local(async (scene) => {
      await scene.minutes(20, "up");
      await scene.minutes(1, "down");
      scene.restart();
      await scene.minutes(1, "down");
      await scene.minutes(20, "up");
    }),
  },
  {
    title: "a circuit that closes twice in the hour after a failed scrape",
    play: fleet(async (scene) => {
      await scene.minutes(4, "up");
      await scene.minutes(2, "down");
      await scene.minutes(60, "up");
      scene.down(1);
      for (let round = 0; round < 2; round += 1) {
        await scene.minutes(2, "down");
        await scene.minutes(4, "up");
      }
      await scene.minutes(60, "up");
    }),
  },
  {
    title: "an upstream that answers probes and fails under load",
    play: fleet(async (scene) => {
      for (let round = 0; round < 6; round += 1) {
        await scene.minutes(4, "up");
        await scene.minutes(2, "down");
      }
    }),
    fires: { alert: "DaggerBreakerFlapping", from: 18, to: 35, labels: CIRCUIT },
  },
  {
    title: "a first answer that limits the rate",
    play: fleet(async (scene) => {
      await scene.minutes(20, "up");
      await scene.minutes(1, "limits");
      await scene.minutes(40, "up");
    }),
    fires: { alert: "DaggerBreakerRateLimited", from: 20, to: 34, labels: CIRCUIT },
  },
  {
    title: "old rate limits of a server that was away for long",
    play: fleet(async (scene) => {
      await scene.minutes(20, "up");
      await scene.minutes(1, "limits");
      await scene.minutes(20, "up");
      scene.down(3);
      await scene.minutes(20, "up");
    }),
    fires: { alert: "DaggerBreakerRateLimited", from: 20, to: 34, labels: CIRCUIT },
  },
  {
    title: "a rate limit, an hour before the store cannot be read for a minute",
    play: fleet(async (scene) => {
      await scene.minutes(20, "up");
      await scene.minutes(1, "limits");
      await scene.minutes(60, "up");
      scene.isStoreDown = true;
      await scene.idle(1);
      scene.isStoreDown = false;
      await scene.minutes(40, "up");
    }),
    fires: { alert: "DaggerBreakerRateLimited", from: 20, to: 34, labels: CIRCUIT },
  },
  {
    title: "a store that cannot be read for five minutes",
    play: fleet(async (scene) => {
      await scene.minutes(10, "up");
      scene.isStoreDown = true;
      await scene.idle(5);
      scene.isStoreDown = false;
      await scene.minutes(10, "up");
    }),
    fires: { alert: "DaggerBreakerStoreUnreachable", from: 12, to: 14, labels: STORE },
  },
  {
    title: "a store that cannot be read for a minute",
    play: fleet(async (scene) => {
      await scene.minutes(10, "up");
      scene.isStoreDown = true;
      await scene.idle(1);
      scene.isStoreDown = false;
      await scene.minutes(10, "up");
    }),
  },
  {
    title: "outcomes that the store did not get",
    play: fleet(async (scene) => {
      await scene.minutes(10, "up");
      scene.droppedCount = 3;
      await scene.minutes(30, "up");
    }),
    fires: { alert: "DaggerBreakerOutcomesDropped", from: 10, to: 24, labels: STORE },
  },
  {
    title: "an isolation of 30 hours",
    play: fleet(async (scene) => {
      await scene.minutes(10, "up");
      await scene.isolate();
      await scene.idle(30 * 60);
      await scene.release();
      await scene.minutes(10, "up");
    }),
    fires: { alert: "DaggerBreakerIsolatedForADay", from: 1450, to: 1809, labels: CIRCUIT },
  },
  {
    title: "an isolation of two hours while nobody calls",
    play: fleet(async (scene) => {
      await scene.minutes(10, "up");
      await scene.isolate();
      await scene.idle(120);
      await scene.release();
      await scene.minutes(10, "up");
    }),
  },
  {
    title: "a target that is down for ten minutes",
    play: fleet(async (scene) => {
      await scene.minutes(10, "up");
      scene.down(10);
      await scene.minutes(10, "up");
    }),
    fires: {
      alert: "DaggerBreakerTargetDown",
      from: 15,
      to: 19,
      labels: { instance: "breaker.example.com:7420" },
    },
  },
];

/**
 * Scenes in which several alerts fire. Each scene is listed once for each alert, and only that alert is
 * checked.
 */
export const CASES_OF_MANY: readonly AlertCase[] = [
  {
    title: "probes that hang, while other calls are rejected",
    play: fleet(async (scene) => {
      await scene.minutes(20, "up");
      await scene.minutes(2, "down");
      await scene.minutes(20, "hangs");
      await scene.minutes(20, "up");
    }),
    fires: { alert: "DaggerBreakerProbeOverdue", from: 25, to: 41, labels: CIRCUIT },
  },
  {
    title: "probes that hang, while other calls are rejected",
    play: fleet(async (scene) => {
      await scene.minutes(20, "up");
      await scene.minutes(2, "down");
      await scene.minutes(20, "hangs");
      await scene.minutes(20, "up");
    }),
    fires: { alert: "DaggerBreakerCallsRejected", from: 25, to: 41, labels: CIRCUIT },
  },
];
