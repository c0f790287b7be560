using System.Diagnostics;
using Microsoft.ML.ArcFace.Tests.TestSupport;

namespace Microsoft.ML.ArcFace.Tests.Tool;

/// <summary>The tool in a process of its own, which can be sent signals.</summary>
internal sealed class ToolProcess : IDisposable
{
    private readonly Process _process;
    private readonly List<string> _said = [];
    private readonly SemaphoreSlim _news = new(0);

    private ToolProcess(Process process)
    {
        _process = process;
        process.ErrorDataReceived += (_, line) =>
        {
            lock (_said)
            {
                _said.Add(line.Data ?? "");
            }

            _news.Release();
        };
        process.BeginErrorReadLine();
        process.BeginOutputReadLine();
    }

    /// <summary>The process, as the system numbers it.</summary>
    public int Id => _process.Id;

    /// <summary>What it has said on standard error so far.</summary>
    public string Said
    {
        get
        {
            lock (_said)
            {
                return string.Join('\n', _said);
            }
        }
    }

    /// <summary>Starts it as a shell does in the foreground: Ctrl+C is not ignored.</summary>
    public static ToolProcess Start(params string[] arguments)
    {
        var output = new DirectoryInfo(AppContext.BaseDirectory.TrimEnd(Path.DirectorySeparatorChar));
        string tool = Path.Combine(SharedFolders.RepositoryRoot!, "src", "Microsoft.ML.ArcFace.Tool", "bin", output.Parent!.Name, output.Name, "Microsoft.ML.ArcFace.Tool.dll");
        return new ToolProcess(Process.Start(new ProcessStartInfo("env", ["--default-signal=INT", "dotnet", tool, .. arguments]) { RedirectStandardError = true, RedirectStandardOutput = true })!);
    }

    /// <summary>Waits until a text was said.</summary>
    public void WaitFor(string text)
    {
        var waiting = Stopwatch.StartNew();
        while (!Said.Contains(text, StringComparison.Ordinal))
        {
            Assert.IsTrue(_news.Wait(TimeSpan.FromMinutes(3)) && waiting.Elapsed < TimeSpan.FromMinutes(5) && !_process.HasExited, $"'{text}' was not said: {Said}");
        }
    }

    /// <summary>Ctrl+C.</summary>
    public void Interrupt() => Process.Start("kill", ["-INT", $"{_process.Id}"]).WaitForExit();

    public int WaitForExit()
    {
        _process.WaitForExit();
        return _process.ExitCode;
    }

    public void Dispose()
    {
        if (!_process.HasExited)
        {
            _process.Kill();
        }

        _process.Dispose();
        _news.Dispose();
    }
}
