using System.Runtime.InteropServices;

namespace Microsoft.ML.ArcFace.Runtime;

/// <summary>
/// Lets the threads of torch's OpenMP sleep at their barriers instead of spinning there. OpenMP reads its environment once,
/// when it is loaded, and .NET's own environment variables do not reach native code: so libc is told, before that. Windows
/// has no libc to tell, and nothing is changed there.
/// </summary>
internal static partial class NativeThreads
{
    /// <summary>The variable of OpenMP 3.0 and newer.</summary>
    public const string WaitPolicy = "OMP_WAIT_POLICY";

    /// <summary>The variables that decide how threads wait: the standard's, and those of GNU's and LLVM's OpenMP.</summary>
    private static readonly string[] Variables = [WaitPolicy, "GOMP_SPINCOUNT", "KMP_BLOCKTIME"];

    private static readonly Lazy<string> Chosen = new(Choose);

    /// <summary>Chooses, once a process and before the native library is loaded. Whatever the user has set stays.</summary>
    /// <returns>The setting in force, such as "OMP_WAIT_POLICY=passive".</returns>
    public static string LetSleep() => Chosen.Value;

    private static string Choose()
    {
        bool canTell = OperatingSystem.IsLinux() || OperatingSystem.IsMacOS();
        if (Array.Find(Variables, name => Environment.GetEnvironmentVariable(name) is { Length: > 0 }) is { } name)
        {
            // Without overwriting: a variable that the program set in .NET becomes known to native code as well.
            string value = Environment.GetEnvironmentVariable(name)!;
            return canTell && SetVariable(name, value, 0) != 0 ? "" : $"{name}={value}";
        }

        return canTell && SetVariable(WaitPolicy, "passive", 0) == 0 ? $"{WaitPolicy}=passive" : "";
    }

    [LibraryImport("libc", EntryPoint = "setenv", StringMarshalling = StringMarshalling.Utf8)]
    private static partial int SetVariable(string name, string value, int overwrite);
}
