using System.Diagnostics;
using System.Net.Sockets;

namespace Microsoft.ML.ArcFace.Tests.TestSupport;

/// <summary>Makes what Unix has in place of files. Who opens one of them as if it were a file waits for good, or reads without an end.</summary>
internal static class SpecialFiles
{
    /// <summary>Makes a named pipe that nobody writes to.</summary>
    public static string Pipe(TemporaryFolder folder, string relativePath)
    {
        string path = Prepare(folder, relativePath);
        Run("mkfifo", path);
        return path;
    }

    /// <summary>Makes a link to the device that gives zeros without an end.</summary>
    public static string EndlessDevice(TemporaryFolder folder, string relativePath) => Link(folder, relativePath, "/dev/zero");

    public static string Link(TemporaryFolder folder, string relativePath, string target)
    {
        string path = Prepare(folder, relativePath);
        File.CreateSymbolicLink(path, target);
        return path;
    }

    /// <summary>Makes a socket, which stays when it is closed.</summary>
    public static string Socket(TemporaryFolder folder, string relativePath)
    {
        string path = Prepare(folder, relativePath);

        // The path of a socket is short: about a hundred bytes.
        string near = Path.Combine(Path.GetTempPath(), Guid.NewGuid().ToString("N")[..12]);
        using (var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified))
        {
            socket.Bind(new UnixDomainSocketEndPoint(near));
            Run("mv", near, path);
        }

        return path;
    }

    /// <summary>Runs what must not wait for a writer, and fails if it does.</summary>
    public static T WithoutWaiting<T>(Func<T> run)
    {
        Task<T> running = Task.Factory.StartNew(run, CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default);
        Assert.IsTrue(Task.WaitAny([running], TimeSpan.FromMinutes(1)) == 0, "It waits.");
        return running.GetAwaiter().GetResult();
    }

    private static string Prepare(TemporaryFolder folder, string relativePath)
    {
        string path = Path.Combine(folder.FullName, relativePath);
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        return path;
    }

    private static void Run(string program, params string[] arguments)
    {
        using Process process = Process.Start(program, arguments);
        process.WaitForExit();
        Assert.AreEqual(0, process.ExitCode);
    }
}
