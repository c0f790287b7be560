using SkiaSharp;

namespace Microsoft.ML.ArcFace.Samples.Drawing;

/// <summary>What may stand between the face and the camera.</summary>
internal enum Occlusion
{
    None, Sunglasses, Scarf, Hand, Cap, Strands,
}

/// <summary>One picture of a person: everything that changes from picture to picture. Angles are in radians.</summary>
internal sealed record Shot
{
    /// <summary>Positive when the face turns to the right of the picture.</summary>
    public required float Yaw { get; init; }

    /// <summary>Positive when the face looks down.</summary>
    public required float Pitch { get; init; }

    /// <summary>What is left of the head's tilt after alignment.</summary>
    public required float Roll { get; init; }

    /// <summary>−0.3 (sad) to 1 (broad smile).</summary>
    public required float Smile { get; init; }

    /// <summary>0 (closed) to 1 (wide open).</summary>
    public required float MouthOpen { get; init; }

    /// <summary>Pixels by which the brows rise.</summary>
    public required float BrowRaise { get; init; }

    /// <summary>Factor on the eyes' openness.</summary>
    public required float EyesOpen { get; init; }

    /// <summary>Pixels by which the irises look aside and down.</summary>
    public required SKPoint Gaze { get; init; }

    /// <summary>Unit vector toward the light; z points at the camera.</summary>
    public required (float X, float Y, float Z) Light { get; init; }

    /// <summary>Share of the light that comes from everywhere.</summary>
    public required float Ambient { get; init; }

    /// <summary>Red, green and blue gain: exposure and white balance.</summary>
    public required (float Red, float Green, float Blue) Gain { get; init; }

    /// <summary>Below 1 flattens, above 1 hardens the picture.</summary>
    public required float Contrast { get; init; }

    /// <summary>Whether the person wears his or her glasses.</summary>
    public required bool Glasses { get; init; }

    /// <summary>What covers a part of the face.</summary>
    public required Occlusion Occlusion { get; init; }

    /// <summary>Factor on the beard's density: shaved lately or not.</summary>
    public required float BeardGrowth { get; init; }

    /// <summary>Standard deviation, in pixels, of the found landmarks around the true ones.</summary>
    public required float Misalignment { get; init; }

    /// <summary>Standard deviation of the lens blur in pixels.</summary>
    public required float Blur { get; init; }

    /// <summary>Side in pixels that the camera resolved: below 112 the picture was enlarged.</summary>
    public required int Resolution { get; init; }

    /// <summary>Standard deviation of the sensor's noise in grey levels.</summary>
    public required float Noise { get; init; }

    /// <summary>Whether the picture is black and white.</summary>
    public required bool Grey { get; init; }

    /// <summary>Quality of the JPEG file, 1 to 100.</summary>
    public required int JpegQuality { get; init; }

    /// <summary>Start of the random stream for background, clothes, noise and the fall of the hair.</summary>
    public required int DetailSeed { get; init; }

    /// <summary>The picture with this number of the person with that number, in the world of this seed.</summary>
    public static Shot Create(DrawnPerson person, int seed, int personNumber, int pictureNumber)
    {
        var random = new SeededRandom(seed, personNumber, 3, pictureNumber);
        float warmth = random.Normal(0.06f);
        float exposure = random.Range(0.68f, 1.06f);
        float side = Math.Clamp(random.Normal(0.55f), -1.2f, 1.2f);
        float above = random.Range(-0.35f, 0.9f);
        float length = MathF.Sqrt((side * side) + (above * above) + 1);
        bool glasses = random.Chance(person.Glasses.WearingRate);
        return new Shot
        {
            Yaw = Math.Clamp(random.Normal(0.25f), -0.52f, 0.52f),
            Pitch = Math.Clamp(random.Normal(0.13f), -0.3f, 0.3f),
            Roll = random.Normal(0.03f),
            Smile = random.Chance(0.45f) ? random.Range(0.35f, 1) : random.Range(-0.3f, 0.3f),
            MouthOpen = random.Chance(0.3f) ? random.Range(0.15f, 0.9f) : 0,
            BrowRaise = random.Normal(1),
            EyesOpen = random.Chance(0.06f) ? 0.12f : random.Range(0.7f, 1.15f),
            Gaze = new SKPoint(random.Normal(0.9f), random.Normal(0.35f)),
            Light = (side / length, -above / length, 1 / length),
            Ambient = random.Range(0.3f, 0.72f),
            Gain = (exposure * (1 + warmth), exposure, exposure * (1 - warmth)),
            Contrast = random.Range(0.8f, 1.15f),
            Glasses = glasses,
            Occlusion = random.Unit() switch
            {
                < 0.05f => Occlusion.Sunglasses,
                < 0.08f => Occlusion.Scarf,
                < 0.11f => Occlusion.Hand,
                < 0.17f => Occlusion.Cap,
                < 0.23f => Occlusion.Strands,
                _ => Occlusion.None,
            },
            BeardGrowth = random.Range(0.75f, 1.15f),
            Misalignment = random.Range(0.2f, 1.3f),
            Blur = random.Chance(0.4f) ? random.Range(0.4f, 1.1f) : 0.3f,
            Resolution = random.Chance(0.2f) ? 48 + random.Below(50) : 112,
            Noise = random.Range(1, 7),
            Grey = random.Chance(0.03f),
            JpegQuality = 60 + random.Below(36),
            DetailSeed = random.Below(1 << 30),
        };
    }
}
