using Microsoft.ML.ArcFace.Runtime;

namespace Microsoft.ML.ArcFace.Tests.Runtime;

/// <summary>Loads the native library in a process of its own, as the first thing that it does.</summary>
internal static class LoadedThreads
{
    public const string Name = "load-native-library";

    public static void Run()
    {
        // A variable that a program sets in .NET, for the test of one.
        if (Environment.GetEnvironmentVariable("ARCFACE_TEST_SET_IN_DOTNET") is { Length: > 0 } policy)
        {
            Environment.SetEnvironmentVariable(NativeThreads.WaitPolicy, policy);
        }

        NativeLibraries.EnsureLoaded();
    }
}
