/** Finds the registry of an image in a text about a pull or a push. */

import { parseImageReference, readHost } from "../../hosts.js";
import type { Blamed } from "./addresses.js";

const IMAGE_LEADS =
  /(?:(?:the push refers to (?:a )?repository|failed to push|failed to resolve source metadata for|failed to resolve reference|failed to resolve image|failed to pull image|failed to pull and unpack image|failed to do image pull|failed to pull|pull access denied for|push access denied for|pull image|pulling image|pushing image|error pushing image|error pulling image|unable to find image|load metadata for|resolve image config for|resolving|(?:docker|podman|nerdctl|finch|crane|buildah|container image) (?:pull|push)|back-off pulling image|could not pull base image|from|image|exporting to image|fetching config of|unpacking|manifest for)[: ]{1,2}["'`[]?|docker:\/\/)((?:docker-image:\/\/|docker:\/\/)?[a-z0-9*_][a-z0-9*_.:/@-]{2,512})/gi;

/** Returns the registry of the last image in the text whose name contains the registry. */
export function blamedImage(text: string): Blamed | undefined {
  let found: Blamed | undefined;
  IMAGE_LEADS.lastIndex = 0;
  for (let match = IMAGE_LEADS.exec(text); match !== null; match = IMAGE_LEADS.exec(text)) {
    const image = parseImageReference((match[1] ?? "").replace(/[.:,;]{1,4}$/, ""));
    if (image?.hostWritten && image.reference.includes("/")) {
      const written =
        (match[1] ?? "").replace(/^(?:docker-image|docker):\/\//, "").split("/")[0] ?? "";
      found = {
        host: readHost(written) ?? image.host,
        use: "registry",
        end: match.index + match[0].length,
      };
    }
  }
  return found ?? missingImage(text);
}

const NOT_FOUND = ": not found";
const BEFORE_NAME = [" ", "\n", '"', "'", "("];

/** Returns the registry of the image before `: not found`, as containerd prints it. */
function missingImage(text: string): Blamed | undefined {
  const end = text.lastIndexOf(NOT_FOUND);
  if (end < 0) return undefined;
  const before = text.slice(Math.max(0, end - 512), end);
  const name = before.slice(Math.max(...BEFORE_NAME.map((mark) => before.lastIndexOf(mark))) + 1);
  const image = parseImageReference(name);
  return image?.hostWritten ? { host: image.host, use: "registry", end } : undefined;
}
