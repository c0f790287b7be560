using System.Reflection;

namespace Microsoft.ML.ArcFace.Runtime;

/// <summary>Finds what an assembly adds that a program may bring or not, by names and without registration.</summary>
internal static class OptionalPart
{
    /// <summary>Makes the part's implementation; null if the program does not bring its assembly.</summary>
    /// <typeparam name="T">What it implements.</typeparam>
    /// <param name="assemblyName">The assembly's name.</param>
    /// <param name="implementationName">The name of the class with its namespace.</param>
    public static T? Find<T>(string assemblyName, string implementationName) where T : class
    {
        try
        {
            return (T?)Activator.CreateInstance(Assembly.Load(assemblyName).GetType(implementationName, throwOnError: true)!, nonPublic: true);
        }
        catch (FileNotFoundException)
        {
            return null;
        }
    }
}
