/**
 * The number of connections that may wait for a server. Node requests 511, which a burst of a
 * pipeline exceeds while the process is busy. The system then drops connections that look open to
 * the client, and resets some of them. The system may permit fewer.
 */
export const BACKLOG = 4096;
