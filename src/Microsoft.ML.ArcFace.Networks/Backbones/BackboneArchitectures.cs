using System.Diagnostics.CodeAnalysis;

namespace Microsoft.ML.ArcFace;

/// <summary>The published short names of the backbones ("r50", "mbf", …), as command lines and weight files use them.</summary>
public static class BackboneArchitectures
{
    private static readonly (BackboneArchitecture Architecture, string ShortName)[] Names =
    [
        (BackboneArchitecture.IResNet18, "r18"),
        (BackboneArchitecture.IResNet34, "r34"),
        (BackboneArchitecture.IResNet50, "r50"),
        (BackboneArchitecture.IResNet100, "r100"),
        (BackboneArchitecture.IResNet200, "r200"),
        (BackboneArchitecture.MobileFaceNet, "mbf"),
        (BackboneArchitecture.MobileFaceNetLarge, "mbf_large"),
    ];

    /// <summary>The published short names, in the order of the enumeration: r18, r34, r50, r100, r200, mbf, mbf_large.</summary>
    public static IReadOnlyList<string> ShortNames { get; } = Array.AsReadOnly([.. Names.Select(name => name.ShortName)]);

    /// <summary>The published short name of a backbone, such as "r50".</summary>
    /// <param name="architecture">The backbone.</param>
    /// <returns>One of <see cref="ShortNames"/>.</returns>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="architecture"/> is not a value of the enumeration.</exception>
    public static string ToShortName(this BackboneArchitecture architecture)
    {
        foreach (var name in Names)
        {
            if (name.Architecture == architecture)
            {
                return name.ShortName;
            }
        }

        throw new ArgumentOutOfRangeException(nameof(architecture), architecture,
            $"There is no backbone number {(int)architecture}; use a value of {nameof(BackboneArchitecture)}.");
    }

    /// <summary>Reads a backbone's short name ("r50") or the name of the enumeration ("IResNet50"), in any letter case.</summary>
    /// <param name="name">The name.</param>
    /// <returns>The backbone.</returns>
    /// <exception cref="ArgumentNullException"><paramref name="name"/> is null.</exception>
    /// <exception cref="FormatException">No backbone has this name; the message lists the ones there are.</exception>
    public static BackboneArchitecture Parse(string name)
    {
        ArgumentNullException.ThrowIfNull(name);
        return TryParse(name, out var architecture)
            ? architecture
            : throw new FormatException($"There is no backbone '{name}'; use one of {string.Join(", ", ShortNames)}.");
    }

    /// <summary>Reads a backbone's short name or the name of the enumeration, in any letter case.</summary>
    /// <param name="name">The name.</param>
    /// <param name="architecture">The backbone, when the result is true.</param>
    /// <returns>True if a backbone has this name.</returns>
    public static bool TryParse([NotNullWhen(true)] string? name, out BackboneArchitecture architecture)
    {
        foreach (var known in Names)
        {
            if (string.Equals(name, known.ShortName, StringComparison.OrdinalIgnoreCase)
                || string.Equals(name, known.Architecture.ToString(), StringComparison.OrdinalIgnoreCase))
            {
                architecture = known.Architecture;
                return true;
            }
        }

        architecture = default;
        return false;
    }
}
