using System.Diagnostics;
using System.Text.Json;

namespace Microsoft.ML.ArcFace.Benchmarks;

/// <summary>
/// A program in a process of its own that says "ready", measures itself, and answers each line with a line of JSON. So its
/// memory is its own, and it rests while others are measured.
/// </summary>
internal sealed class ContenderProcess : IDisposable
{
    private const string Ready = "ready";

    private readonly Process _process;

    private ContenderProcess(Process process, string version) => (_process, Version) = (process, version);

    /// <summary>What it said of itself behind "ready".</summary>
    public string Version { get; }

    /// <summary>A command of this program.</summary>
    public static ContenderProcess StartOwn(params IEnumerable<string> arguments) => StartOwn(folder: null, new Dictionary<string, string>(), arguments);

    /// <summary>A command of this program in another folder, if one is given, and with other variables of the environment.</summary>
    public static ContenderProcess StartOwn(string? folder, IReadOnlyDictionary<string, string> environment, IEnumerable<string> arguments) =>
        TryStart(Environment.ProcessPath!, [Path.Combine(folder ?? AppContext.BaseDirectory, Path.GetFileName(typeof(ContenderProcess).Assembly.Location)), .. arguments], environment)
        ?? throw new InvalidOperationException($"The measured process '{string.Join(' ', arguments)}' did not start; what it said stands above.");

    /// <summary>A script of <c>peers</c>. Null where Python has no PyTorch; says so.</summary>
    public static ContenderProcess? TryStartPeer(string python, string script, params IEnumerable<string> arguments)
    {
        try
        {
            if (TryStart(python, [Path.Combine(AppContext.BaseDirectory, "peers", script), .. arguments]) is { } process)
            {
                return process;
            }
        }
        catch (System.ComponentModel.Win32Exception)
        {
            // There is no such Python.
        }

        Console.Error.WriteLine($"PyTorch is left out: {python} has no torch or no PIL. Debian 13: apt-get install python3-torch python3-pil; another Python: --python PATH.");
        return null;
    }

    public T Ask<T>(string question)
    {
        _process.StandardInput.WriteLine(question);
        return JsonSerializer.Deserialize<T>(_process.StandardOutput.ReadLine() ?? throw new InvalidOperationException("A measured process has ended; what it said stands above."))!;
    }

    /// <summary>The other side of <see cref="Ask"/>: answers until nobody asks any more.</summary>
    public static void Answer(IReadOnlyDictionary<string, Func<object>> answers)
    {
        Console.WriteLine(Ready);
        while (Console.ReadLine() is { } question)
        {
            Console.WriteLine(JsonSerializer.Serialize(answers[question]()));
        }
    }

    public void Dispose()
    {
        _process.StandardInput.Close();
        _process.WaitForExit();
        _process.Dispose();
    }

    private static ContenderProcess? TryStart(string program, IEnumerable<string> arguments, IReadOnlyDictionary<string, string>? environment = null)
    {
        var start = new ProcessStartInfo(program, arguments) { RedirectStandardInput = true, RedirectStandardOutput = true };
        foreach ((string name, string value) in environment ?? new Dictionary<string, string>())
        {
            start.Environment[name] = value;
        }

        Process process = Process.Start(start)!;
        if (process.StandardOutput.ReadLine() is { } line && line.StartsWith(Ready, StringComparison.Ordinal))
        {
            return new ContenderProcess(process, line[Ready.Length..].Trim());
        }

        process.WaitForExit();
        process.Dispose();
        return null;
    }
}
