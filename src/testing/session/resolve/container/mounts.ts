/** The mounts of a container: caches, secrets and temporary folders, over its files while a command runs. */

import { chmod, mkdir, rename, rm, symlink, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import type { Work } from "../../engine/context.js";
import type { Arguments, TypeResolvers } from "../../engine/resolver.js";
import type { CacheVolumeValue, ContainerValue, Mount, SecretValue } from "../../engine/values.js";
import { errorCode } from "../../faults/wire-errors.js";
import { placeIn } from "../../files/place-in.js";
import { contentKey } from "../../files/scratch.js";
import { changed, pathOf, withClaim } from "./container-value.js";

export function cacheVolume(key: string): CacheVolumeValue {
  return { typeName: "CacheVolume", key: contentKey("cache", key) };
}

/** Returns the folder of a cache volume. All sessions of an engine share it. */
function cacheFolder(cache: CacheVolumeValue, work: Work): Promise<string> {
  return work.engine.steps.join(`cache ${cache.key}`, work.signal, () =>
    work.engine.scratch.newFolder("cache"),
  );
}

/** Puts the mounts of a container over the files in `root`. Returns a function that removes them. */
export async function mountAll(
  container: ContainerValue,
  root: string,
  work: Work,
): Promise<() => Promise<void>> {
  const laid: (() => Promise<void>)[] = [];
  const takeAllOff = async () => {
    for (const takeOff of laid.reverse()) await takeOff();
  };
  try {
    for (const mount of container.mounts) {
      const place = await placeIn(root, mount.path, "kept");
      const hidden = join(await work.engine.scratch.newFolder("hidden"), "files");
      await mkdir(dirname(place), { recursive: true });
      const hides = await moved(place, hidden);
      laid.push(async () => {
        await rm(place, { recursive: true, force: true });
        if (hides) await rename(hidden, place);
      });
      await lay(mount, place, work);
    }
  } catch (error) {
    await takeAllOff();
    throw error;
  }
  return takeAllOff;
}

async function lay(mount: Mount, place: string, work: Work): Promise<void> {
  switch (mount.kind) {
    case "cache":
      // A link, so that the command works in the cache itself.
      return symlink(await cacheFolder(mount.cache, work), place);
    case "temp":
      await mkdir(place);
      return;
    case "secret":
      await writeFile(place, await mount.secret.plaintext(), { mode: 0o600 });
      return chmod(place, mount.mode);
  }
}

async function moved(from: string, to: string): Promise<boolean> {
  try {
    await rename(from, to);
    return true;
  } catch (error) {
    if (errorCode(error) === "ENOENT") return false;
    throw error;
  }
}

function withMount(container: ContainerValue, mount: Mount): ContainerValue {
  const others = container.mounts.filter(({ path }) => path !== mount.path);
  return changed(container, {
    claims: withClaim(container.claims, mount.path),
    mounts: [...others, mount],
  });
}

export const containerMountResolvers: TypeResolvers<ContainerValue> = {
  withMountedCache: (container: ContainerValue, args: Arguments) =>
    withMount(container, {
      kind: "cache",
      path: pathOf(container, args),
      cache: args.object<CacheVolumeValue>("cache", "CacheVolume"),
    }),
  withMountedSecret: (container: ContainerValue, args: Arguments) =>
    withMount(container, {
      kind: "secret",
      path: pathOf(container, args),
      secret: args.object<SecretValue>("source", "Secret"),
      mode: args.optionalNumber("mode") ?? 0o400,
    }),
  withMountedTemp: (container: ContainerValue, args: Arguments) =>
    withMount(container, { kind: "temp", path: pathOf(container, args) }),
};
