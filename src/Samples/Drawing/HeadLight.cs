using System.Numerics;

namespace Microsoft.ML.ArcFace.Samples.Drawing;

/// <summary>Lights the drawn head: diffuse (Lambert) and specular (Blinn) reflection on the relief of the face.</summary>
internal static class HeadLight
{
    private const float Sharpness = 14;

    /// <summary>Light changes slowly: it is computed at every second pixel of every second row.</summary>
    private const int GridStep = 2;

    /// <summary>Multiplies the pixels of the head, premultiplied RGBA rows of <paramref name="side"/> pixels, by the light that falls on them.</summary>
    public static void Apply(Span<byte> pixels, int side, HeadPose pose, DrawnPerson person, Shot shot)
    {
        int gridSide = (side / GridStep) + 1;
        Vector2[] grid = LightGrid(gridSide, pose, person, shot);
        for (int y = 0; y < side; y++)
        {
            int row = y / GridStep * gridSide;
            float down = (float)(y % GridStep) / GridStep;
            for (int x = 0; x < side; x++)
            {
                Span<byte> pixel = pixels.Slice(((y * side) + x) * 4, 4);
                byte alpha = pixel[3];
                if (alpha == 0)
                {
                    continue;
                }

                int at = row + (x / GridStep);
                float across = (float)(x % GridStep) / GridStep;
                Vector2 light = Vector2.Lerp(
                    Vector2.Lerp(grid[at], grid[at + 1], across), Vector2.Lerp(grid[at + gridSide], grid[at + gridSide + 1], across), down);
                float gleam = light.Y * alpha;
                for (int channel = 0; channel < 3; channel++)
                {
                    pixel[channel] = Math.Min(alpha, Colours.ToByte((pixel[channel] * light.X) + gleam));
                }
            }
        }
    }

    /// <summary>At each grid point the factor on the colour (X) and the white gleam (Y, as a share of full white).</summary>
    private static Vector2[] LightGrid(int gridSide, HeadPose pose, DrawnPerson person, Shot shot)
    {
        ReadOnlySpan<Bump> relief = Relief(person);
        Vector3 light = pose.TurnBack(new Vector3(shot.Light.X, shot.Light.Y, shot.Light.Z));
        Vector3 halfway = Vector3.Normalize(light + pose.TurnBack(Vector3.UnitZ));
        float diffuse = (1.12f - shot.Ambient) / 0.85f;
        float shine = person.Skin.Shine * (1 - shot.Ambient);
        var grid = new Vector2[gridSide * gridSide];
        for (int i = 0; i < grid.Length; i++)
        {
            (Vector3 point, Vector3 normal) = pose.HeadAt((i % gridSide * GridStep) + 0.5f, (i / gridSide * GridStep) + 0.5f);
            normal = Vector3.Normalize(normal - Slope(relief, point));
            float shade = shot.Ambient + (diffuse * MathF.Max(0, Vector3.Dot(normal, light)));
            grid[i] = new Vector2(shade, shine * MathF.Pow(MathF.Max(0, Vector3.Dot(normal, halfway)), Sharpness));
        }

        return grid;
    }

    /// <summary>A rounded hill (or hollow) of height H at (X, Y): H / (1 + (x/RX)² + (y/RY)²).</summary>
    private readonly struct Bump(float x, float y, float radiusX, float radiusY, float height)
    {
        private readonly float _inverseX = 1 / radiusX;
        private readonly float _inverseY = 1 / radiusY;

        /// <summary>The hill's slope to the right and down.</summary>
        public Vector3 SlopeAt(Vector3 point)
        {
            float across = (point.X - x) * _inverseX;
            float along = (point.Y - y) * _inverseY;
            float fall = 1 / (1 + (across * across) + (along * along));
            return -2 * height * fall * fall * new Vector3(across * _inverseX, along * _inverseY, 0);
        }
    }

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
        Vector3 slope = Vector3.Zero;
        foreach (ref readonly Bump bump in relief)
        {
            slope += bump.SlopeAt(point);
        }

        return slope;
    }
}
