/**
 * How many connections may wait until a server takes them. Node asks for 511, which a burst of a pipeline exceeds while
 * the process is busy; the system then drops connections that look made to the client, and resets some of them. The
 * system may allow fewer.
 */
export const BACKLOG = 4096;
