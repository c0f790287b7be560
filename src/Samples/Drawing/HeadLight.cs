using System.Numerics;

namespace Microsoft.ML.ArcFace.Samples.Drawing;

/// <summary>Lights the drawn head: diffuse (Lambert) and specular (Blinn) reflection on the relief of the face.</summary>
internal static class HeadLight
{
    private const float Sharpness = 14;

    /// <summary>Multiplies the pixels of the head, premultiplied RGBA rows of <paramref name="side"/> pixels, by the light that falls on them.</summary>
    public static void Apply(Span<byte> pixels, int side, HeadPose pose, DrawnPerson person, Shot shot)
    {
        ReadOnlySpan<Bump> relief = Relief(person);
        var light = new Vector3(shot.Light.X, shot.Light.Y, shot.Light.Z);
        Vector3 halfway = Vector3.Normalize(light + Vector3.UnitZ);
        float diffuse = (1.12f - shot.Ambient) / 0.85f;
        for (int y = 0; y < side; y++)
        {
            for (int x = 0; x < side; x++)
            {
                Span<byte> pixel = pixels.Slice(((y * side) + x) * 4, 4);
                if (pixel[3] == 0)
                {
                    continue;
                }

                (Vector3 point, Vector3 normal) = pose.HeadAt(x + 0.5f, y + 0.5f);
                normal = pose.TurnDirection(Vector3.Normalize(normal - Slope(relief, point)));
                float shade = shot.Ambient + (diffuse * MathF.Max(0, Vector3.Dot(normal, light)));
                float gleam = person.Skin.Shine * MathF.Pow(MathF.Max(0, Vector3.Dot(normal, halfway)), Sharpness) * (1 - shot.Ambient) * 255;
                byte alpha = pixel[3];
                for (int channel = 0; channel < 3; channel++)
                {
                    pixel[channel] = Math.Min(alpha, Colours.ToByte((pixel[channel] * shade) + (gleam * alpha / 255)));
                }
            }
        }
    }

    /// <summary>A rounded hill (or hollow) of height H at (X, Y): H / (1 + (x/RX)² + (y/RY)²).</summary>
    private readonly record struct Bump(float X, float Y, float RadiusX, float RadiusY, float Height);

    private static Bump[] Relief(DrawnPerson person)
    {
        float eye = person.Eyes.Spacing / 2;
        NoseTraits nose = person.Nose;
        float cheek = person.Head.CheekWidth * 0.6f;
        return
        [
            new(-eye, 0, 9, 6, -4.5f), new(eye, 0, 9, 6, -4.5f),
            new(-eye, -11, 11, 4.5f, 1.8f), new(eye, -11, 11, 4.5f, 1.8f),
            new(0, nose.TipY * 0.5f, nose.BridgeWidth + 2, 12, nose.Protrusion * 0.5f), new(0, nose.TipY, nose.TipRadius + 1.5f, 5, nose.Protrusion * 0.55f),
            new(-cheek, 17, 8, 7, 2 + (2.5f * person.Head.CheekBones)), new(cheek, 17, 8, 7, 2 + (2.5f * person.Head.CheekBones)),
            new(0, person.Mouth.Y, person.Mouth.HalfWidth, 6, 2), new(0, person.Head.ChinY - 7, 9, 6, 3),
        ];
    }

    private static Vector3 Slope(ReadOnlySpan<Bump> relief, Vector3 point)
    {
        float slopeX = 0;
        float slopeY = 0;
        foreach (ref readonly Bump bump in relief)
        {
            float x = (point.X - bump.X) / bump.RadiusX;
            float y = (point.Y - bump.Y) / bump.RadiusY;
            float fall = 1 / (1 + (x * x) + (y * y));
            float factor = -2 * bump.Height * fall * fall;
            slopeX += factor * x / bump.RadiusX;
            slopeY += factor * y / bump.RadiusY;
        }

        return new Vector3(slopeX, slopeY, 0);
    }
}
